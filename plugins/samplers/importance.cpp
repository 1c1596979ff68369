#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("base_sd", 3.0,
               "standard deviation s of the base N(0, s^2 I); of no use after "
               "a fit, which then is "
               "the base")
              .above(0)};
}

/// Importance sampling: independent draws of the fit before it with the weights
/// p / q, in one transition. `chains` counts the draws. The host smooths the
/// weights (PSIS) for moments and reports k-hat.
class Importance final : public Sampler {
 public:
  explicit Importance(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        fitted_(setup.fitted),
        base_sd_(setup.options.real("base_sd")),
        log_q_(setup.chains) {
    if (fitted_) noise_.resize(fitted_->noise().rows(), 1);
  }

  std::vector<TraceField> statistics() const override {
    return {{"log_evidence_sd", "standard deviation of the log evidence, from the weights", "nats"},
            {"non_finite", "1 where the density of the target was NaN or +inf", ""}};
  }

  Progress transition(Transition& t) override {
    const double n = double(t.z.cols());
    draw_base(t.streams, t.z);
    density_.log_density(t.z, t.log_density);
    for (Index c = 0; c < t.z.cols(); ++c) {
      const double log_p = t.log_density[c];
      const bool usable = std::isfinite(log_p) || log_p == -infinity;
      t.log_weights[c] = usable ? log_p - log_q_[c] : -infinity;
      t.statistics(1, c) = !usable;
    }
    const double total = log_sum_exp(t.log_weights);
    if (total == -infinity)
      throw Error("none of " + std::to_string(t.z.cols()) +
                  " draws of the base has a finite log density: more draws, or "
                  "another base_sd or "
                  "fit, are needed");
    t.log_evidence_increment = total - std::log(n);
    double squares = 0;
    for (const double log_weight : t.log_weights) squares += std::exp(2 * (log_weight - total));
    // By the delta method.
    const double variance = n > 1 ? (squares - 1 / n) * n / (n - 1) : infinity;
    t.statistics.row(0).setConstant(std::sqrt(std::fmax(variance, 0)));
    return Progress::converged;
  }

 private:
  /// Draws and their log_q_.
  void draw_base(std::span<RandomStream> streams, DrawsOut z) {
    const double constant = double(z.rows()) * (std::log(base_sd_) + 0.5 * log_2pi);
    for (Index c = 0; c < z.cols(); ++c) {
      if (fitted_) {
        fill_noise(fitted_->noise(), streams[std::size_t(c)], noise_);
        fitted_->sample(noise_, z.col(c), unwanted_vector());
        continue;
      }
      streams[std::size_t(c)].fill_normal(z.col(c));
      log_q_[c] = -0.5 * z.col(c).squaredNorm() - constant;
      z.col(c) *= base_sd_;
    }
    if (fitted_) fitted_->log_prob(z, log_q_);
  }

  Density& density_;
  Family* fitted_;
  double base_sd_;
  Eigen::VectorXd log_q_;  ///< [draws]
  Eigen::MatrixXd noise_;  ///< [R x 1] of the fit
};

}  // namespace

ELBOW_PLUGIN(Importance, options,
             {.name = "importance",
              .summary = "Importance sampling from the fit before it",
              .source = "Kahn & Marshall 1953; Vehtari et al. 2024 (smoothed weights)",
              .needs_of_model = Ability::density,
              .population = true})
