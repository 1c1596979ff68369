#include <elbow/elbow.hpp>
#include <elbow/noise_source.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("draws", 10, "Monte-Carlo draws per step").at_least(1), NoiseSource::option(),
          choice("baseline", {"leave_one_out", "running_mean", "none"},
                 "what is taken from each draw's log p - log q: the mean of the draws "
                 "that do not depend on it (which sobol noise has by two sequences in place of "
                 "one); a running mean over earlier steps; nothing"),
          real("baseline_decay", 0.9, "decay per step of the running mean").at_least(0).below(1)};
}

/// ELBO = E_q[f], f = log p - log q, with the gradient mean_s (f_s - b_s) grad log q(z_s). A
/// baseline b_s that does not contain f_s leaves the mean alone, because E grad log q = 0.
class ScoreFunction final : public GradientEstimator {
 public:
  explicit ScoreFunction(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        leave_one_out_(setup.options.text("baseline") == "leave_one_out"),
        running_mean_(setup.options.text("baseline") == "running_mean"),
        decay_(setup.options.real("baseline_decay")),
        source_(setup.options, setup.family->noise(), enough_draws(setup.options),
                leave_one_out_ ? 2 : 1) {
    const Index draws = setup.options.integer("draws");
    noise_.resize(setup.family->noise().rows(), draws);
    z_.resize(setup.family->dimension(), draws);
    f_.resize(draws);
    log_q_.resize(draws);
  }

  bool state(StateArchive& archive) override {
    archive(sum_, weight_);
    return true;
  }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    Family& q = *fit.family;
    source_.fill(fit.stream, noise_);
    q.sample(noise_, z_, unwanted_vector());
    fit.model.density()->log_density(z_, f_);
    trace[0] = double(f_.size() - f_.array().isFinite().count());
    q.log_prob(z_, log_q_);
    f_ -= log_q_;
    const double elbo = f_.mean(), draws = double(f_.size());

    Eigen::VectorXd& weights = log_q_;
    if (leave_one_out_)
      leave_groups_out(weights);
    else
      weights = (f_.array() - baseline()) / draws;
    q.log_prob_pullback(weights, gradients[0], unwanted());
    if (running_mean_ && std::isfinite(elbo)) remember(elbo);
    return elbo;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"non_finite_draws", "draws whose log density was infinite or NaN", ""}};
  }

 private:
  static Index enough_draws(const Options& options) {
    const Index draws = options.integer("draws");
    if (draws == 1 && options.text("baseline") == "leave_one_out")
      throw OptionError(
          "baseline \"leave_one_out\" is the mean of the other draws: draws must be at least 2, "
          "got 1");
    return draws;
  }

  /// (f_s - mean of f over the other groups) / S.
  void leave_groups_out(Eigen::VectorXd& weights) const {
    const Index draws = f_.size(), size = source_.group_size();
    const double sum = f_.sum();
    for (Index first = 0; first < draws; first += size) {
      const auto group = f_.segment(first, std::min(size, draws - first));
      const double others = double(draws - group.size());
      weights.segment(first, group.size()) =
          (group.array() - (sum - group.sum()) / others) / double(draws);
    }
  }

  double baseline() const { return weight_ > 0 ? sum_ / weight_ : 0; }
  void remember(double elbo) {
    sum_ = decay_ * sum_ + (1 - decay_) * elbo;
    weight_ = decay_ * weight_ + (1 - decay_);
  }

  bool leave_one_out_, running_mean_;
  double decay_, sum_ = 0, weight_ = 0;  ///< of the running mean; weight_ corrects its start at 0
  NoiseSource source_;
  Eigen::MatrixXd noise_, z_;  ///< [D x S]
  Eigen::VectorXd f_, log_q_;  ///< [S]
};

}  // namespace

ELBOW_PLUGIN(ScoreFunction, options,
             {.name = "score_function",
              .summary = "ELBO with gradients of log q, for densities without a gradient",
              .source = "Ranganath et al. 2014, eq. 3; Mnih & Rezende 2016 (leave-one-out)",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density,
              .needs_of_family = Ability::log_prob})
