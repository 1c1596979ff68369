#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      real("step_size", 1e-3,
           "variance a of the noise of the first step, of the order of the "
           "square of the "
           "narrowest posterior sd; the bias of the draws is proportional to it")
          .above(0),
      real("decay_exponent", 0.0,
           "gamma: step t has the size a (1 + t / decay_offset)^-gamma; 1/3 is "
           "the best rate "
           "of a decaying step")
          .at_least(0)
          .at_most(1),
      real("decay_offset", 1000.0, "see decay_exponent").above(0),
      integer("batch_size", 32, "items of a minibatch, drawn anew in every transition").at_least(1),
      boolean("control_variate", false,
              "whether gradients are differences to the one at a fixed point, "
              "the mean of the "
              "Gaussian fit before it or else where the chain ends its "
              "warm-up, plus the full "
              "gradient there: twice the work, much less noise near the mode")};
}

/// Stochastic gradient Langevin dynamics: z' = z + a g / 2 + sqrt(a) e with e ~
/// N(0, I) and the gradient g of a minibatch. There is no acceptance step:
/// draws are those of the target in the limit of small steps only. As of any
/// sampler, the log density of every state is reported on all items, which
/// costs a pass over the data without gradient.
class Sgld final : public Sampler {
 public:
  explicit Sgld(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        step_size_(setup.options.real("step_size")),
        exponent_(setup.options.real("decay_exponent")),
        offset_(setup.options.real("decay_offset")),
        controls_(setup.options.boolean("control_variate")),
        batch_(density_.item_count() > 0 ? std::size_t(setup.options.integer("batch_size")) : 0) {
    const Index dimension = density_.dimension();
    for (Eigen::VectorXd* v : {&gradient_, &noise_}) v->resize(dimension);
    one_.resize(1);
    log_p_.resize(setup.chains);
    before_.resize(dimension, setup.chains);
    if (!controls_) return;
    centre_.resize(dimension, setup.chains);
    full_gradient_.resize(dimension, setup.chains);
    if (!setup.fitted || !setup.fitted->gaussian_form()) return;
    Eigen::VectorXd mean(dimension);
    Eigen::MatrixXd covariance(dimension, dimension);
    setup.fitted->gaussian_form()->moments(mean, covariance);
    centre_.colwise() = mean;
    evaluate_centre();
  }

  std::vector<TraceField> statistics() const override {
    return {{"step_size", "variance of the step's noise", ""},
            {"gradient_norm", "of the minibatch's gradient", ""},
            {"non_finite",
             "1 where the gradient or the density after the step was infinite "
             "or NaN; the chain "
             "then stays",
             ""}};
  }

  Progress transition(Transition& t) override {
    if (controls_ && !has_centre_ && !t.warmup) {
      centre_ = t.z;
      evaluate_centre();
    }
    before_ = t.z;
    const double a = step_size_ * std::pow(1 + double(t.iteration) / offset_, -exponent_);
    for (Index c = 0; c < t.z.cols(); ++c) move(t, c, a);
    use({});
    density_.log_density(t.z, log_p_);
    for (Index c = 0; c < t.z.cols(); ++c) {
      const bool finite = std::isfinite(log_p_[c]);
      t.statistics(2, c) = !finite;
      if (finite)
        t.log_density[c] = log_p_[c];
      else
        t.z.col(c) = before_.col(c);
    }
    return Progress::going;
  }

 private:
  /// A density without items, e.g. a surrogate's, has its full gradient for a minibatch's.
  void use(std::span<const Index> items) {
    if (density_.item_count() > 0) density_.use_items(items);
  }

  void evaluate_centre() {
    use({});
    density_.log_density_gradient(centre_, log_p_, full_gradient_);
    has_centre_ = true;
  }

  void move(Transition& t, Index c, double a) {
    RandomStream& stream = t.streams[std::size_t(c)];
    for (Index& item : batch_) item = stream.integer(density_.item_count());
    use(batch_);
    density_.log_density_gradient(t.z.col(c), one_, gradient_);
    if (has_centre_) {
      // noise_ is not drawn yet: it holds the minibatch's gradient at the
      // centre.
      density_.log_density_gradient(centre_.col(c), one_, noise_);
      gradient_ += full_gradient_.col(c) - noise_;
    }
    stream.fill_normal(noise_);
    t.z.col(c) += 0.5 * a * gradient_ + std::sqrt(a) * noise_;
    t.statistics(0, c) = a;
    t.statistics(1, c) = std::sqrt(gradient_.cwiseAbs2().sum());
  }

  Density& density_;
  double step_size_, exponent_, offset_;
  bool controls_, has_centre_ = false;
  std::vector<Index> batch_;
  Eigen::VectorXd gradient_, noise_;  ///< [D]
  Eigen::VectorXd one_, log_p_;       ///< [1], [chains]
  Eigen::MatrixXd before_;            ///< [D x chains]
  Eigen::MatrixXd centre_,
      full_gradient_;  ///< [D x chains] of the control variate
};

}  // namespace

ELBOW_PLUGIN(Sgld, options,
             {.name = "sgld",
              .summary = "Stochastic gradient Langevin dynamics on minibatches",
              .source = "Welling & Teh 2011; Teh, Thiery & Vollmer 2016 "
                        "(decay); Baker et al. 2019 "
                        "(control variate)",
              .needs_of_model = Ability::density | Ability::gradient | Ability::minibatch})
