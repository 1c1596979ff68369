#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("draws", 100, "draws of the proposal per step").at_least(2),
          choice("defensive", {"normal", "none"},
                 "mix N(0, scale^2) into the proposal, which bounds the weights where q has no "
                 "draws; propose from q alone")
              .when({.value = "normal", .needs_of_family = Ability::reparameterized}),
          real("defensive_share", 0.1, "share of the draws that come from the normal")
              .above(0)
              .below(1),
          real("defensive_scale", 3.0, "its standard deviation in every coordinate").above(0)};
}

/// KL(p || q), by self-normalised importance sampling: with v_s proportional to p(z_s) / r(z_s) the
/// gradient is sum_s v_s dlog q(z_s)/dphi. The proposal r is q, or the mixture of q and a normal
/// with fixed numbers of draws from each (Owen & Zhou 2000).
class InclusiveKl final : public GradientEstimator {
 public:
  explicit InclusiveKl(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        scale_(setup.options.real("defensive_scale")) {
    const Index draws = setup.options.integer("draws");
    const double share = setup.options.real("defensive_share");
    if (setup.options.text("defensive") == "normal") {
      const double wanted = std::round(share * double(draws));
      defensive_ = std::min(draws - 1, std::max<Index>(1, Index(wanted)));
    }
    noise_.resize(setup.family->noise().rows(), draws - defensive_);
    z_.resize(setup.family->dimension(), draws);
    log_p_.resize(draws);
    log_q_.resize(draws);
    log_r_.resize(draws);
    v_.resize(draws);
  }

  bool state(StateArchive&) override { return true; }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    if (!fit.items.empty())
      throw Unsupported(
          "weights of a minibatch are not the posterior's: it needs all data items in every step, "
          "leave out batch_size");
    Family& q = *fit.family;
    fill_noise(q.noise(), fit.stream, noise_);
    q.sample(noise_, z_.leftCols(noise_.cols()), unwanted_vector());
    if (defensive_ > 0) {
      auto wide = z_.rightCols(defensive_);
      fit.stream.fill_normal(wide);
      wide *= scale_;
    }
    fit.model.density()->log_density(z_, log_p_);
    trace[0] = double(log_p_.size() - log_p_.array().isFinite().count());
    q.log_prob(z_, log_q_);
    add_proposal();

    v_ = log_p_ - log_r_;
    const double log_evidence = log_mean_exp(v_), draws = double(v_.size());
    v_ = (v_.array() - log_evidence).exp() / draws;
    trace[1] = 1 / v_.squaredNorm();
    trace[2] = log_evidence;
    if (!std::isfinite(log_evidence)) return log_evidence;
    double kl = -log_evidence;
    for (Index s = 0; s < v_.size(); ++s)
      if (std::isfinite(log_p_[s])) kl += v_[s] * (log_p_[s] - log_q_[s]);
    q.log_prob_pullback(v_, gradients[0], unwanted());
    return -kl;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"non_finite_draws", "draws whose log density was infinite or NaN", ""},
            {"effective_draws", "1 / sum of squared normalised weights", ""},
            {"log_evidence", "log mean weight of this step's draws", "nats"}};
  }

 private:
  /// The log density of the proposal at every draw.
  void add_proposal() {
    if (defensive_ == 0) {
      log_r_ = log_q_;
      return;
    }
    const double draws = double(log_q_.size()), dimension = double(z_.rows());
    const double log_wide =
        std::log(double(defensive_) / draws) - dimension * (0.5 * log_2pi + std::log(scale_));
    const double log_own = std::log1p(-double(defensive_) / draws);
    for (Index s = 0; s < z_.cols(); ++s) {
      const double own = log_own + log_q_[s];
      const double wide = log_wide - 0.5 * z_.col(s).squaredNorm() / (scale_ * scale_);
      log_r_[s] = std::fmax(own, wide) + std::log1p(std::exp(-std::fabs(own - wide)));
    }
  }

  double scale_;
  Index defensive_ = 0;                    ///< draws of the normal, the last columns
  Eigen::MatrixXd noise_, z_;              ///< [R x S - defensive], [D x S]
  Eigen::VectorXd log_p_, log_q_, log_r_;  ///< [S]
  Eigen::VectorXd v_;                      ///< [S]  normalised weights
};

}  // namespace

ELBOW_PLUGIN(InclusiveKl, options,
             {.name = "inclusive_kl",
              .summary = "KL from the posterior to q, by self-normalised importance sampling",
              .source = "Bornschein & Bengio 2015, eq. 9; Hesterberg 1995 (defensive mixing)",
              .needs_of_model = Ability::density,
              .needs_of_family = Ability::log_prob})
