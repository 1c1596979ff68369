#include <elbow/elbow.hpp>
#include <numeric>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("forgetting_rate", 0.7, "kappa of rho_t = (t + tau)^-kappa").above(0.5).at_most(1),
          real("delay", 1.0, "tau, which holds the first steps back").at_least(0),
          integer("elbo_interval", 10,
                  "iterations from one exact ELBO, which looks at all items, to the next")
              .at_least(1)
              .unit("iterations")};
}

/// Stochastic variational inference: lambda <- (1 - rho_t) lambda + rho_t lambda_hat, where
/// lambda_hat are the optimal natural parameters of the global factors if the data were the
/// minibatch repeated N / B times. The minibatch is the method's batch_size; without one every step
/// uses all items. t counts from 1.
class StochasticVi final : public Estimator {
 public:
  explicit StochasticVi(const EstimatorSetup& setup)
      : rate_(setup.options.real("forgetting_rate")),
        delay_(setup.options.real("delay")),
        interval_(setup.options.integer("elbo_interval")),
        lambda_(setup.model.conjugate()->natural_dimension()),
        lambda_hat_(lambda_),
        all_(std::size_t(setup.model.conjugate()->item_count())) {
    std::iota(all_.begin(), all_.end(), Index(0));
    RandomStream stream = setup.init_stream;
    setup.model.conjugate()->initialize(stream);
  }

  std::vector<TraceField> trace_fields() const override {
    return {{"objective", "exact ELBO, of the last iteration that computed it", "nats"},
            {"step_size", "rho_t", ""}};
  }

  Progress step(Fit& fit, VectorOut trace) override {
    Conjugate& model = *fit.model.conjugate();
    const double rho = std::pow(double(fit.iteration + 1) + delay_, -rate_);
    const std::span<const Index> all(all_);
    model.estimate_natural_parameters(fit.items.empty() ? all : fit.items, lambda_hat_);
    model.natural_parameters(lambda_);
    lambda_ += rho * (lambda_hat_ - lambda_);
    trace[1] = rho;
    trace[0] = elbo_;
    if (!lambda_.allFinite()) return Progress::non_finite;
    model.set_natural_parameters(lambda_);
    if (fit.iteration % interval_ == 0) {
      // Puts the local factors of all items at their optimum.
      model.estimate_natural_parameters(all, lambda_hat_);
      elbo_ = model.elbo();
    }
    trace[0] = elbo_;
    return std::isfinite(elbo_) ? Progress::going : Progress::non_finite;
  }

  Family* approximation(Fit& fit) override { return &fit.model.conjugate()->approximation(); }

 private:
  double rate_, delay_;
  Index interval_;
  double elbo_ = 0;
  Eigen::VectorXd lambda_, lambda_hat_;  ///< [G]
  std::vector<Index> all_;
};

}  // namespace

ELBOW_PLUGIN(StochasticVi, options,
             {.name = "stochastic_vi",
              .summary = "natural-gradient steps on minibatches of a conjugate model",
              .source = "Hoffman, Blei, Wang & Paisley 2013, figure 4",
              .needs_of_model = Ability::conjugate,
              .uses_family = false,
              .uses_optimizer = false})
