#include <elbow/elbow.hpp>
#include <elbow/noise_source.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("draws", 10, "Monte-Carlo draws per step").at_least(1), NoiseSource::option(),
          choice("entropy", {"monte_carlo", "closed", "sticking_the_landing"},
                 "how log q enters: its average over the draws; the entropy in closed form; its "
                 "average, with a gradient that has no variance where q is the posterior")
              .when({.value = "closed", .needs_of_family = Ability::closed_entropy})
              .when({.value = "sticking_the_landing", .needs_of_family = Ability::log_prob})};
}

/// ELBO = E_q[log p(z) - log q(z)] through z = T(noise; phi).
class Reparameterized final : public GradientEstimator {
 public:
  explicit Reparameterized(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        closed_(setup.options.text("entropy") == "closed"),
        sticking_(setup.options.text("entropy") == "sticking_the_landing"),
        source_(setup.options, setup.family->noise(), setup.options.integer("draws")) {
    const Index draws = setup.options.integer("draws"), dimension = setup.family->dimension();
    noise_.resize(setup.family->noise().rows(), draws);
    z_.resize(dimension, draws);
    g_z_.resize(dimension, draws);
    log_p_.resize(draws);
    log_q_.setZero(draws);
    minus_mean_.setConstant(draws, -1 / double(draws));
    if (sticking_) g_q_.resize(dimension, draws);
  }

  bool state(StateArchive&) override { return true; }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    Family& q = *fit.family;
    source_.fill(fit.stream, noise_);
    if (closed_ || sticking_)
      q.sample(noise_, z_, unwanted_vector());
    else
      q.sample(noise_, z_, log_q_);
    fit.model.density()->log_density_gradient(z_, log_p_, g_z_);
    g_z_ /= double(z_.cols());

    double entropy = 0;
    if (closed_) {
      entropy = q.closed_entropy()->entropy();
      q.closed_entropy()->entropy_pullback(1, gradients[0]);
      q.sample_pullback(g_z_, unwanted_vector(), gradients[0]);
    } else if (sticking_) {
      // Roeder et al. 2017: the score, whose mean is zero, is left out.
      q.log_prob(z_, log_q_);
      q.log_prob_pullback(minus_mean_, {}, g_q_);
      g_z_ += g_q_;
      q.sample_pullback(g_z_, unwanted_vector(), gradients[0]);
    } else {
      q.sample_pullback(g_z_, minus_mean_, gradients[0]);
    }
    trace[0] = double(log_p_.size() - log_p_.array().isFinite().count());
    return (log_p_ - log_q_).mean() + entropy;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"non_finite_draws", "draws whose log density was infinite or NaN", ""}};
  }

 private:
  bool closed_, sticking_;
  NoiseSource source_;
  Eigen::MatrixXd noise_, z_, g_z_, g_q_;  ///< [D x S]
  Eigen::VectorXd log_p_, log_q_;          ///< [S]  log_q_ is zero with a closed entropy
  Eigen::VectorXd minus_mean_;             ///< [S]  -1/S: weights of - mean log q
};

}  // namespace

ELBOW_PLUGIN(Reparameterized, options,
             {.name = "reparameterized",
              .summary = "ELBO with gradients through the draws",
              .source = "Kingma & Welling 2014; Roeder et al. 2017 (sticking the landing)",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density | Ability::gradient,
              .needs_of_family = Ability::reparameterized})
