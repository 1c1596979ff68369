#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = {
      integer("draws", 10, "Monte-Carlo draws per step").at_least(1),
      real("largest_kl", 0.5,
           "bound on a step's length in the Fisher metric, about the KL divergence that it makes")
          .above(0)
          .unit("nats")};
  for (Option& option : StepSizeSchedule::options(0.1)) all.push_back(std::move(option));
  return all;
}

/// phi += eta F^-1 grad ELBO with the family's Fisher matrix F, by its retraction. The gradient is
/// reparameterised with the closed entropy.
class NaturalGradientAscent final : public Estimator {
 public:
  explicit NaturalGradientAscent(const EstimatorSetup& setup)
      : trained_{&setup.family->parameters()},
        schedule_(setup.options, 0),
        largest_kl_(setup.options.real("largest_kl")),
        gradient_(setup.family->parameters()),
        direction_(setup.family->parameters()) {
    const Index draws = setup.options.integer("draws"), dimension = setup.family->dimension();
    noise_.resize(setup.family->noise().rows(), draws);
    z_.resize(dimension, draws);
    g_z_.resize(dimension, draws);
    log_p_.resize(draws);
  }

  std::span<Parameters* const> trained() const override { return trained_; }

  std::vector<TraceField> trace_fields() const override {
    return {{"objective", "ELBO, estimated with the step's draws", "nats"},
            {"natural_gradient_norm", "length of F^-1 grad ELBO in the Fisher metric", ""},
            {"step_size", "share of the natural gradient that the step took", ""},
            {"non_finite_draws", "draws whose log density was infinite or NaN", ""}};
  }

  bool state(StateArchive&) override { return true; }

  Progress step(Fit& fit, VectorOut trace) override {
    Family& q = *fit.family;
    fill_noise(q.noise(), fit.stream, noise_);
    q.sample(noise_, z_, unwanted_vector());
    fit.model.density()->log_density_gradient(z_, log_p_, g_z_);
    g_z_ /= double(z_.cols());
    gradient_.set_zero();
    q.closed_entropy()->entropy_pullback(1, gradient_.out());
    q.sample_pullback(g_z_, unwanted_vector(), gradient_.out());
    direction_.f64() = gradient_.f64();
    direction_.f32() = gradient_.f32();
    q.natural_gradient()->precondition(direction_.out());

    const double square = gradient_.f64().dot(direction_.f64()) +
                          gradient_.f32().cast<double>().dot(direction_.f32().cast<double>());
    trace[0] = log_p_.mean() + q.closed_entropy()->entropy();
    trace[1] = std::sqrt(square);
    trace[2] = 0;
    trace[3] = double(log_p_.size() - log_p_.array().isFinite().count());
    if (!std::isfinite(trace[0]) || !std::isfinite(square) || !direction_.all_finite())
      return Progress::non_finite;

    // KL(q(phi) || q(phi + d)) is about d^T F d / 2.
    double size = schedule_(fit.iteration);
    if (0.5 * size * size * square > largest_kl_) size = std::sqrt(2 * largest_kl_ / square);
    trace[2] = size;
    q.natural_gradient()->retract(direction_.out(), size);
    return Progress::going;
  }

 private:
  std::vector<Parameters*> trained_;
  StepSizeSchedule schedule_;
  double largest_kl_;
  Gradient gradient_, direction_;
  Eigen::MatrixXd noise_, z_, g_z_;  ///< [D x S]
  Eigen::VectorXd log_p_;            ///< [S]
};

}  // namespace

ELBOW_PLUGIN(NaturalGradientAscent, options,
             {.name = "natural_gradient",
              .summary = "ELBO along the natural gradient, for families with a Fisher metric",
              .source = "Amari 1998; Honkela et al. 2010",
              .needs_of_model = Ability::density | Ability::gradient,
              .needs_of_family = Ability::reparameterized | Ability::closed_entropy |
                                 Ability::natural_gradient,
              .uses_optimizer = false})
