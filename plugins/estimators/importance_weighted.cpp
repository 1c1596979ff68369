#include <elbow/elbow.hpp>
#include <elbow/joint_target.hpp>

namespace {

using namespace elbow;

constexpr Ability pathwise = Ability::reparameterized;

std::vector<Option> options() {
  return {integer("draws", 10, "K, the draws inside one bound").at_least(1),
          integer("bounds", 1, "independent bounds averaged in one step, of each item").at_least(1),
          choice("gradient", {"automatic", "standard", "doubly_reparameterized", "vimco"},
                 "standard until the draws of earlier steps have shared the weight, doubly "
                 "reparameterized from then on; through the draws, of little use where q is close "
                 "to the posterior; through the draws twice, without noise there, and of little "
                 "use far from it; by the score with leave-one-out signals, for densities without "
                 "a gradient")
              .when({.value = "automatic",
                     .needs_of_model = Ability::gradient,
                     .needs_of_family = pathwise | Ability::log_prob})
              .when({.value = "standard",
                     .needs_of_model = Ability::gradient,
                     .needs_of_family = pathwise})
              .when({.value = "doubly_reparameterized",
                     .needs_of_model = Ability::gradient,
                     .needs_of_family = pathwise | Ability::log_prob})
              .when({.value = "vimco", .needs_of_family = Ability::log_prob})};
}

/// L_K = E log (1/K) sum_k w_k with w = p(z) / q(z), between the ELBO (K = 1) and the log evidence;
/// where the model has items, the mean of log (1/K) sum_k p(x_b, z_bk) / q(z_bk | x_b) over the
/// items of the step. Columns b K ... b K + K - 1 of a block belong to bound b, and the bounds of
/// one item lie beside each other; v are a bound's normalised weights.
class ImportanceWeighted final : public GradientEstimator {
 public:
  explicit ImportanceWeighted(const EstimatorSetup& setup)
      : ImportanceWeighted(
            setup, JointTarget(setup.model, *setup.family,
                               setup.options.integer("draws") * setup.options.integer("bounds"))) {}

  bool state(StateArchive& archive) override {
    archive(effective_draws_);
    return true;
  }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    if (!target_.latent_items() && !fit.items.empty())
      throw Unsupported(
          "the logarithm of an average of minibatch weights is no estimate of the importance-"
          "weighted bound: it needs all data items in every step, leave out batch_size");
    target_.begin(fit);
    make_room();
    Family& q = *fit.family;
    fill_noise(q.noise(), fit.stream, noise_);
    const std::string& gradient = gradient_ == "automatic" ? this_step() : gradient_;
    if (gradient == "standard") {
      q.sample(noise_, z_, log_q_);
    } else {
      q.sample(noise_, z_, unwanted_vector());
      q.log_prob(z_, log_q_);
    }
    target_.log_joint(z_, log_w_, log_prior_, gradient != "vimco");
    trace[0] = double(log_w_.size() - log_w_.array().isFinite().count());
    log_w_ += log_prior_ - log_q_;

    const Index bounds = log_w_.size() / draws_;
    double objective = 0;
    trace[1] = 0;
    for (Index b = 0; b < bounds; ++b) {
      const auto log_w = log_w_.segment(b * draws_, draws_);
      auto v = v_.segment(b * draws_, draws_);
      const double bound = log_mean_exp(log_w);
      objective += bound / double(bounds);
      v = (log_w.array() - bound).exp() / double(draws_);
      trace[1] += 1 / (v.squaredNorm() * double(bounds));
      if (gradient == "vimco") add_leave_one_out(b, bound);
    }
    if (!std::isfinite(objective)) return objective;
    effective_draws_ += remembered * (trace[1] - effective_draws_);

    v_ /= double(bounds);
    if (gradient == "vimco") {
      // A density has no theta, and no gradient to pull back.
      if (target_.latent_items()) target_.log_joint_pullback(v_, v_, gradients, unwanted());
      weights_ /= double(bounds);
      target_.log_prob_pullback(weights_, gradients);
      return objective;
    }
    target_.log_joint_pullback(v_, v_, gradients, g_z_);
    if (gradient == "standard") {
      weights_ = -v_;
      target_.sample_pullback(g_z_, weights_, gradients);
    } else {
      // Tucker et al. 2019, eq. 8: sum v^2 (d log w / dz) (dz / dphi); theta keeps v.
      weights_ = v_ * double(bounds);
      g_z_ *= weights_.asDiagonal();
      weights_ = -v_.cwiseProduct(weights_);
      q.log_prob_pullback(weights_, {}, g_q_);
      g_z_ += g_q_;
      target_.sample_pullback(g_z_, unwanted_vector(), gradients);
    }
    return objective;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"non_finite_draws", "draws whose log density was infinite or NaN", ""},
            {"effective_draws", "1 / sum of squared normalised weights, mean over the bounds", ""}};
  }

 private:
  ImportanceWeighted(const EstimatorSetup& setup, JointTarget target)
      : GradientEstimator(target.trained()),
        target_(std::move(target)),
        gradient_(setup.options.text("gradient")),
        draws_(setup.options.integer("draws")) {
    if (gradient_ == "vimco" && draws_ == 1)
      throw OptionError(
          "gradient \"vimco\" compares each draw with the others of its bound: draws must be at "
          "least 2, got 1");
    others_.resize(draws_);
  }

  /// One draw with all the weight is far from the posterior, where the doubly reparameterised
  /// gradient throws q about; the standard one drowns in noise once many share it (Rainforth et al.
  /// 2018). Both have the same mean, and as draws of earlier steps choose, this step's has it too.
  const std::string& this_step() const {
    static const std::string far = "standard", close = "doubly_reparameterized";
    return effective_draws_ < 1 + shared * double(draws_ - 1) ? far : close;
  }

  void make_room() {
    const Index all = target_.draws(), dimension = target_.family().dimension();
    if (z_.cols() == all) return;
    noise_.resize(target_.family().noise().rows(), all);
    z_.resize(dimension, all);
    for (Eigen::VectorXd* vector : {&log_w_, &log_prior_, &log_q_, &v_, &weights_})
      vector->resize(all);
    if (gradient_ == "vimco") return;
    g_z_.resize(dimension, all);
    g_q_.resize(dimension, all);
  }

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

  static constexpr double shared = 0.25;     ///< of the draws but one, to be called close
  static constexpr double remembered = 0.1;  ///< weight of this step in the running mean

  JointTarget target_;
  std::string gradient_;
  Index draws_;
  double effective_draws_ = 1;                     ///< running mean over the steps
  Eigen::MatrixXd noise_, z_, g_z_, g_q_;          ///< [D x S], S draws of all bounds
  Eigen::VectorXd log_w_, log_prior_, log_q_, v_;  ///< [S]
  Eigen::VectorXd weights_;                        ///< [S]  what the pull-backs are weighted by
  Eigen::VectorXd others_;                         ///< [K]
};

}  // namespace

ELBOW_PLUGIN(ImportanceWeighted, options,
             {.name = "importance_weighted",
              .summary = "bound of K draws on the log evidence, above the ELBO",
              .source = "Burda et al. 2016; Tucker et al. 2019, eq. 8; Mnih & Rezende 2016 (VIMCO)",
              .provides = Ability::unbiased_gradient | Ability::amortizes,
              .needs_of_model = Ability::density})
