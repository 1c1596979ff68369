#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

constexpr Ability pathwise = Ability::reparameterized;

std::vector<Option> options() {
  return {integer("draws", 10, "K, the draws inside one bound").at_least(1),
          integer("bounds", 1, "independent bounds averaged in one step").at_least(1),
          choice("gradient", {"standard", "doubly_reparameterized", "vimco"},
                 "through the draws; through the draws twice, with less variance the larger K; by "
                 "the score with leave-one-out signals, for densities without a gradient")
              .when({.value = "standard",
                     .needs_of_model = Ability::gradient,
                     .needs_of_family = pathwise})
              .when({.value = "doubly_reparameterized",
                     .needs_of_model = Ability::gradient,
                     .needs_of_family = pathwise | Ability::log_prob})
              .when({.value = "vimco", .needs_of_family = Ability::log_prob})};
}

/// L_K = E log (1/K) sum_k w_k with w = p(z) / q(z), between the ELBO (K = 1) and the log evidence.
/// Columns b K ... b K + K - 1 of a block belong to bound b; v are its normalised weights.
class ImportanceWeighted final : public GradientEstimator {
 public:
  explicit ImportanceWeighted(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        gradient_(setup.options.text("gradient")),
        draws_(setup.options.integer("draws")),
        bounds_(setup.options.integer("bounds")) {
    if (gradient_ == "vimco" && draws_ == 1)
      throw OptionError(
          "gradient \"vimco\" compares each draw with the others of its bound: draws must be at "
          "least 2, got 1");
    const Index dimension = setup.family->dimension(), all = draws_ * bounds_;
    noise_.resize(setup.family->noise().rows(), all);
    z_.resize(dimension, all);
    log_w_.resize(all);
    log_q_.resize(all);
    v_.resize(all);
    weights_.resize(all);
    if (gradient_ == "vimco") {
      others_.resize(draws_);
    } else {
      g_z_.resize(dimension, all);
      g_q_.resize(dimension, all);
    }
  }

  bool state(StateArchive&) override { return true; }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    if (!fit.items.empty())
      throw Unsupported(
          "the logarithm of an average of minibatch weights is no estimate of the importance-"
          "weighted bound: it needs all data items in every step, leave out batch_size");
    Family& q = *fit.family;
    fill_noise(q.noise(), fit.stream, noise_);
    if (gradient_ == "standard") {
      q.sample(noise_, z_, log_q_);
    } else {
      q.sample(noise_, z_, unwanted_vector());
      q.log_prob(z_, log_q_);
    }
    if (gradient_ == "vimco")
      fit.model.density()->log_density(z_, log_w_);
    else
      fit.model.density()->log_density_gradient(z_, log_w_, g_z_);
    trace[0] = double(log_w_.size() - log_w_.array().isFinite().count());
    log_w_ -= log_q_;

    double objective = 0;
    trace[1] = 0;
    for (Index b = 0; b < bounds_; ++b) {
      const auto log_w = log_w_.segment(b * draws_, draws_);
      auto v = v_.segment(b * draws_, draws_);
      const double bound = log_mean_exp(log_w);
      objective += bound / double(bounds_);
      v = (log_w.array() - bound).exp() / double(draws_);
      trace[1] += 1 / (v.squaredNorm() * double(bounds_));
      if (gradient_ == "vimco") add_leave_one_out(b, bound);
    }
    if (!std::isfinite(objective)) return objective;

    if (gradient_ == "standard") {
      weights_ = v_ / double(bounds_);
      g_z_ *= weights_.asDiagonal();
      weights_ = -weights_;
      q.sample_pullback(g_z_, weights_, gradients[0]);
    } else if (gradient_ == "doubly_reparameterized") {
      // Tucker et al. 2019, eq. 8: sum v^2 (d log w / dz) (dz / dphi).
      weights_ = v_.array().square() / double(bounds_);
      g_z_ *= weights_.asDiagonal();
      weights_ = -weights_;
      q.log_prob_pullback(weights_, {}, g_q_);
      g_z_ += g_q_;
      q.sample_pullback(g_z_, unwanted_vector(), gradients[0]);
    } else {
      weights_ /= double(bounds_);
      q.log_prob_pullback(weights_, gradients[0], unwanted());
    }
    return objective;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"non_finite_draws", "draws whose log density was infinite or NaN", ""},
            {"effective_draws", "1 / sum of squared normalised weights, mean over the bounds", ""}};
  }

 private:
  /// Mnih & Rezende 2016, eqs. 7-8: grad log q(z_s) gets L - L_(s replaced) - v_s, where draw s is
  /// replaced by the geometric mean of the others' weights. Any signal that does not look at draw s
  /// leaves the mean alone, so that zero stands in where no other draw has weight.
  void add_leave_one_out(Index b, double bound) {
    const auto log_w = log_w_.segment(b * draws_, draws_);
    for (Index s = 0; s < draws_; ++s) {
      others_ = log_w;
      others_[s] = 0;
      others_[s] = others_.sum() / double(draws_ - 1);
      const double without = log_mean_exp(others_);
      weights_[b * draws_ + s] = bound - (std::isinf(without) ? 0 : without) - v_[b * draws_ + s];
    }
  }

  std::string gradient_;
  Index draws_, bounds_;
  Eigen::MatrixXd noise_, z_, g_z_, g_q_;  ///< [D x S], S = draws_ bounds_
  Eigen::VectorXd log_w_, log_q_, v_;      ///< [S]
  Eigen::VectorXd weights_;                ///< [S]  what the pull-backs are weighted by
  Eigen::VectorXd others_;                 ///< [K]
};

}  // namespace

ELBOW_PLUGIN(ImportanceWeighted, options,
             {.name = "importance_weighted",
              .summary = "bound of K draws on the log evidence, above the ELBO",
              .source = "Burda et al. 2016; Tucker et al. 2019, eq. 8; Mnih & Rezende 2016 (VIMCO)",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density})
