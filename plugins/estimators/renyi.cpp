#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("draws", 10, "K, the draws inside the bound").at_least(1),
          real("alpha", 0.5,
               "order of the divergence: 1 is the ELBO, 0 the importance-weighted "
               "bound; the larger, the more q keeps to one mode")
              .at_least(0),
          choice("gradient", {"standard", "doubly_reparameterized"},
                 "through the draws; through the draws twice, with no variance where q is the "
                 "posterior")
              .when({.value = "doubly_reparameterized", .needs_of_family = Ability::log_prob})};
}

/// 1 / (1 - alpha) log (1/K) sum_k w_k^(1 - alpha), w = p(z) / q(z): the bound of K draws, whose
/// mean grows with K to log evidence - D_alpha(q || posterior) where alpha < 1.
class Renyi final : public GradientEstimator {
 public:
  explicit Renyi(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        alpha_(setup.options.real("alpha")),
        doubly_(setup.options.text("gradient") == "doubly_reparameterized") {
    const Index dimension = setup.family->dimension(), draws = setup.options.integer("draws");
    noise_.resize(setup.family->noise().rows(), draws);
    z_.resize(dimension, draws);
    g_z_.resize(dimension, draws);
    g_q_.resize(dimension, draws);
    log_w_.resize(draws);
    log_q_.resize(draws);
    v_.resize(draws);
  }

  bool state(StateArchive&) override { return true; }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    if (!fit.items.empty() && alpha_ != 1)
      throw Unsupported(
          "powers of minibatch weights are no estimate of the bound: it needs all data items in "
          "every step, leave out batch_size");
    Family& q = *fit.family;
    fill_noise(q.noise(), fit.stream, noise_);
    if (doubly_) {
      q.sample(noise_, z_, unwanted_vector());
      q.log_prob(z_, log_q_);
    } else {
      q.sample(noise_, z_, log_q_);
    }
    fit.model.density()->log_density_gradient(z_, log_w_, g_z_);
    trace[0] = double(log_w_.size() - log_w_.array().isFinite().count());
    log_w_ -= log_q_;
    const double objective = weigh();
    trace[1] = 1 / v_.squaredNorm();
    if (!std::isfinite(objective)) return objective;

    if (doubly_) {
      // Tucker et al. 2019, section 8.4: alpha v + (1 - alpha) v^2.
      v_ = v_.array() * (alpha_ + (1 - alpha_) * v_.array());
      g_z_ *= v_.asDiagonal();
      v_ = -v_;
      q.log_prob_pullback(v_, {}, g_q_);
      g_z_ += g_q_;
      q.sample_pullback(g_z_, unwanted_vector(), gradients[0]);
    } else {
      g_z_ *= v_.asDiagonal();
      v_ = -v_;
      q.sample_pullback(g_z_, v_, gradients[0]);
    }
    return objective;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"non_finite_draws", "draws whose log density was infinite or NaN", ""},
            {"effective_draws", "1 / sum of squared normalised weights", ""}};
  }

 private:
  /// The bound; v_ becomes the normalised weights w^(1 - alpha).
  double weigh() {
    const double draws = double(log_w_.size()), power = 1 - alpha_;
    if (power == 0) {
      v_.setConstant(1 / draws);
      return log_w_.mean();
    }
    v_ = power * log_w_;
    const double log_mean = log_mean_exp(v_);
    v_ = (v_.array() - log_mean).exp() / draws;
    return log_mean / power;
  }

  double alpha_;
  bool doubly_;
  Eigen::MatrixXd noise_, z_, g_z_, g_q_;  ///< [D x K]
  Eigen::VectorXd log_w_, log_q_;          ///< [K]
  Eigen::VectorXd v_;                      ///< [K]  normalised weights
};

}  // namespace

ELBOW_PLUGIN(Renyi, options,
             {.name = "renyi",
              .summary = "variational Renyi bound of order alpha",
              .source = "Li & Turner 2016, eq. 8; Tucker et al. 2019 (doubly reparameterised)",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density | Ability::gradient,
              .needs_of_family = Ability::reparameterized})
