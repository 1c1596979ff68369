#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      integer("draws", 50, "Monte-Carlo draws per step").at_least(2),
      real("order", 2, "n of the chi divergence; the larger, the more q covers the tails").above(1),
      real("decay", 0.9, "decay per step of the running mean of log w^n that scales the gradient")
          .at_least(0)
          .below(1)};
}

/// CUBO_n = (1/n) log E_q w^n with w = p(z) / q(z), above the log evidence. The K-draw logarithm is
/// a biased estimate of it, even below the evidence on average, so that the gradient followed is
/// that of E_q w^n itself, unbiased, over a constant C^n from earlier steps:
/// d/dphi E w^n / (n C^n) = (1/n - 1) E (w / C)^n dlog q/dphi. By the score it pulls q towards the
/// draws of largest weight, where derivatives along the draws push it away from a posterior that
/// they have not reached yet. The baseline, the mean of the other draws, leaves no variance where
/// q is the posterior. C is a geometric mean over the steps: an arithmetic one would be that of the
/// rarest burst, and all steps in between next to nothing.
class ChiGradient final : public GradientEstimator {
 public:
  explicit ChiGradient(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        order_(setup.options.real("order")),
        decay_(setup.options.real("decay")) {
    const Index draws = setup.options.integer("draws"), dimension = setup.family->dimension();
    noise_.resize(setup.family->noise().rows(), draws);
    z_.resize(dimension, draws);
    log_w_.resize(draws);
    log_q_.resize(draws);
    weights_.resize(draws);
  }

  bool state(StateArchive& archive) override {
    archive(started_, constant_);
    return true;
  }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    if (!fit.items.empty())
      throw Unsupported(
          "powers of minibatch weights are no estimate of the bound: it needs all data items in "
          "every step, leave out batch_size");
    Family& q = *fit.family;
    fill_noise(q.noise(), fit.stream, noise_);
    q.sample(noise_, z_, unwanted_vector());
    q.log_prob(z_, log_q_);
    fit.model.density()->log_density(z_, log_w_);
    trace[0] = double(log_w_.size() - log_w_.array().isFinite().count());
    log_w_ -= log_q_;
    elbo_ = log_w_.mean();
    weights_ = order_ * log_w_;
    const double here = log_mean_exp(weights_);  // log of the mean of w^n
    trace[1] = 0;
    trace[2] = constant_ / order_;
    if (!std::isfinite(here)) return -here / order_;
    weights_ = (weights_.array() - here).exp() / double(weights_.size());
    trace[1] = 1 / weights_.squaredNorm();

    if (!started_) constant_ = here;
    started_ = true;
    // A burst beyond ten times the constant raises it first.
    constant_ = std::max(constant_, here - std::log(10.0));
    trace[2] = constant_ / order_;
    const double draws = double(weights_.size());
    weights_.array() -= 1 / draws;
    weights_ *= (1 - 1 / order_) * std::exp(here - constant_) * draws / (draws - 1);
    q.log_prob_pullback(weights_, gradients[0], unwanted());
    constant_ = decay_ * constant_ + (1 - decay_) * here;
    return -here / order_;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"non_finite_draws", "draws whose log density was infinite or NaN", ""},
            {"effective_draws", "(sum w^n)^2 / sum w^2n", ""},
            {"log_scale", "log C, the running constant that the gradient is divided by", "nats"}};
  }

  /// Of the most recent draws, whose mean log weight it is.
  double elbo() const { return elbo_; }

 private:
  double order_, decay_;
  double elbo_ = not_a_number;
  bool started_ = false;
  double constant_ = 0;            ///< n log C
  Eigen::MatrixXd noise_, z_;      ///< [D x S]
  Eigen::VectorXd log_w_, log_q_;  ///< [S]
  Eigen::VectorXd weights_;        ///< [S]
};

/// The optimizer, told of the ELBO in place of the objective. Draws that miss the posterior leave a
/// small estimate of the upper bound, the better in a search the further q has gone astray; their
/// ELBO is a lower bound without bias, which it makes small.
class ToldOfElbo final : public Optimizer {
 public:
  ToldOfElbo(Optimizer& optimizer, const ChiGradient& chi) : optimizer_(optimizer), chi_(chi) {}

  void step(std::span<const Gradient* const> gradients) override { optimizer_.step(gradients); }
  void observe(double) override { optimizer_.observe(chi_.elbo()); }
  bool retreat() override { return optimizer_.retreat(); }
  double step_size() const override { return optimizer_.step_size(); }

 private:
  Optimizer& optimizer_;
  const ChiGradient& chi_;
};

class Chi final : public Estimator {
 public:
  explicit Chi(const EstimatorSetup& setup) : chi_(setup) {}

  std::vector<TraceField> trace_fields() const override { return chi_.trace_fields(); }
  std::span<Parameters* const> trained() const override { return chi_.trained(); }
  GradientEstimator* gradient_estimator() override { return &chi_; }
  bool state(StateArchive& archive) override { return chi_.state(archive); }

  Progress step(Fit& fit, VectorOut trace) override {
    ToldOfElbo optimizer(*fit.optimizer, chi_);
    Fit told{fit.model, fit.family, &optimizer, fit.iteration, fit.stream, fit.items};
    return chi_.step(told, trace);
  }

 private:
  ChiGradient chi_;
};

}  // namespace

ELBOW_PLUGIN(Chi, options,
             {.name = "chi",
              .summary = "chi divergence: descends an upper bound on the log evidence (CUBO)",
              .source = "Dieng et al. 2017, eq. 5-6 and section 3",
              .needs_of_model = Ability::density,
              .needs_of_family = Ability::log_prob})
