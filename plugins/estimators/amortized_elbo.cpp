#include <elbow/elbow.hpp>
#include <elbow/joint_target.hpp>

namespace {

using namespace elbow;

constexpr Ability pathwise = Ability::reparameterized;

std::vector<Option> options() {
  return {
      integer("draws", 1, "Monte-Carlo draws per item and step").at_least(1),
      choice("kl", {"closed", "monte_carlo", "sticking_the_landing"},
             "the rate in closed form, for Gaussian posteriors and priors; its average over the "
             "draws; its average, with a gradient that has no variance where q is the posterior")
          .when({.value = "closed", .needs_of_family = pathwise | Ability::diagonal_gaussian})
          .when({.value = "monte_carlo", .needs_of_family = pathwise})
          .when({.value = "sticking_the_landing", .needs_of_family = pathwise | Ability::log_prob}),
      choice("objective", {"elbo", "beta", "warm_up", "cyclical"},
             "what is climbed: the ELBO; distortion and beta times the rate; the same with beta "
             "rising from zero once; rising in the first half of every period. The ELBO is "
             "reported in any case")
          .when({.value = "elbo", .provides = Ability::unbiased_gradient}),
      real("beta", optional,
           "weight of the rate, or what it rises to, 1 without it; not for the objective elbo")
          .at_least(0),
      integer("ramp", 1000, "iterations of warm_up, or of one period of cyclical").at_least(1)};
}

/// The mean over the items of a step of
///
///     E_q(z|x)[ log p(x | z) ] - beta KL(q(z | x) || p(z)) = -distortion - beta rate
///
/// (Kingma & Welling 2014, eq. 3; Higgins et al. 2017, eq. 4), climbed in phi and theta.
class AmortizedElbo final : public GradientEstimator {
 public:
  explicit AmortizedElbo(const EstimatorSetup& setup)
      : AmortizedElbo(setup,
                      JointTarget(setup.model, *setup.family, setup.options.integer("draws"))) {}

  bool state(StateArchive&) override { return true; }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    target_.begin(fit);
    make_room();
    fill_noise(target_.family().noise(), fit.stream, noise_);
    const double beta = beta_at(fit.iteration);
    const double per_draw = 1 / double(target_.draws());
    const double rate = kl_ == "closed" ? closed_step(beta, per_draw, gradients)
                                        : monte_carlo_step(beta, per_draw, gradients);
    const double distortion = -log_likelihood_.mean();
    trace << rate, distortion, beta,
        double(log_likelihood_.size() - log_likelihood_.array().isFinite().count());
    return -rate - distortion;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"rate", "KL(q(z | x) || p(z)), mean over the items of the step", "nats"},
            {"distortion", "-E log p(x | z), mean over the items of the step", "nats"},
            {"beta", "weight of the rate in what is climbed", ""},
            {"non_finite_draws", "draws whose log likelihood was infinite or NaN", ""}};
  }

 private:
  AmortizedElbo(const EstimatorSetup& setup, JointTarget target)
      : GradientEstimator(target.trained()),
        target_(std::move(target)),
        prior_(target_.latent_items()->gaussian_prior()),
        kl_(setup.options.text("kl")),
        objective_(setup.options.text("objective")),
        beta_(setup.options.has("beta") ? setup.options.real("beta") : 1) {
    if (objective_ == "elbo" && setup.options.has("beta"))
      throw OptionError(
          "beta has no part in the objective \"elbo\": choose objective \"beta\", or leave beta "
          "out");
    if (objective_ == "warm_up" || objective_ == "cyclical")
      ramp_ = double(setup.options.integer("ramp"));
    if (kl_ == "closed" && !prior_)
      throw Unsupported(
          "kl = \"closed\" needs a prior that is a Gaussian with independent coordinates, which "
          "the model's is not; kl = \"monte_carlo\" works with any");
    const Index dimension = target_.family().dimension();
    for (Eigen::VectorXd* vector :
         {&prior_mean_, &prior_log_sd_, &precision_, &squares_, &g_prior_mean_, &g_prior_log_sd_})
      vector->resize(dimension);
  }

  void make_room() {
    const Index all = target_.draws(), dimension = target_.family().dimension();
    if (z_.cols() == all) return;
    noise_.resize(target_.family().noise().rows(), all);
    for (Eigen::MatrixXd* block : {&z_, &g_z_}) block->resize(dimension, all);
    if (kl_ == "sticking_the_landing") g_q_.resize(dimension, all);
    for (Eigen::VectorXd* vector :
         {&log_likelihood_, &log_prior_, &log_q_, &likelihood_weights_, &rate_weights_})
      vector->resize(all);
    g_mean_.resize(dimension, target_.items());
    g_log_sd_.resize(dimension, target_.items());
  }

  /// Fu et al. 2019, section 4, for the cyclical schedule.
  double beta_at(Index iteration) const {
    if (objective_ == "elbo" || objective_ == "beta") return beta_;
    if (objective_ == "warm_up") return beta_ * std::min(1.0, double(iteration) / ramp_);
    return beta_ * std::min(1.0, 2 * std::fmod(double(iteration), ramp_) / ramp_);
  }

  /// @return the rate
  double closed_step(double beta, double per_draw, std::span<const GradientOut> gradients) {
    target_.family().sample(noise_, z_, unwanted_vector());
    target_.log_joint(z_, log_likelihood_, unwanted_vector(), true);
    likelihood_weights_.setConstant(per_draw);
    target_.log_joint_pullback(likelihood_weights_, unwanted_vector(), gradients, g_z_);

    const DiagonalGaussian& q = *target_.family().diagonal_gaussian();
    const Draws means = q.means(), log_sds = q.log_sds();
    const auto mean = means.leftCols(target_.items());
    const auto log_sd = log_sds.leftCols(target_.items());
    prior_->moments(prior_mean_, prior_log_sd_);
    precision_ = (-2 * prior_log_sd_.array()).exp();
    const double items = double(target_.items());
    // Of sum_d [ log sd_p - log sd_q + (sd_q^2 + (mean_q - mean_p)^2) / (2 sd_p^2) - 1/2 ].
    g_mean_ = mean.colwise() - prior_mean_;
    g_log_sd_ = (2 * log_sd.array()).exp();
    squares_.setZero();
    g_prior_mean_.setZero();
    for (Index b = 0; b < mean.cols(); ++b) {
      squares_ += g_log_sd_.col(b) + g_mean_.col(b).cwiseAbs2();
      g_prior_mean_ += g_mean_.col(b);
    }
    const double rate = prior_log_sd_.sum() - 0.5 * double(mean.rows()) +
                        (0.5 * squares_.dot(precision_) - log_sd.sum()) / items;
    const double weight = beta / items;
    g_prior_log_sd_ = weight * (squares_.cwiseProduct(precision_).array() - items).matrix();
    precision_ *= weight;
    g_prior_mean_.array() *= precision_.array();
    g_mean_.array().colwise() *= precision_.array();
    g_mean_ = -g_mean_;
    g_log_sd_ = (weight - g_log_sd_.array().colwise() * precision_.array()).matrix();
    prior_->pullback(g_prior_mean_, g_prior_log_sd_, gradients[1]);
    target_.gaussian_pullback(g_z_, g_mean_, g_log_sd_, gradients);
    return rate;
  }

  /// @return the rate
  double monte_carlo_step(double beta, double per_draw, std::span<const GradientOut> gradients) {
    Family& q = target_.family();
    const bool sticking = kl_ == "sticking_the_landing";
    if (sticking) {
      q.sample(noise_, z_, unwanted_vector());
      q.log_prob(z_, log_q_);
    } else {
      q.sample(noise_, z_, log_q_);
    }
    target_.log_joint(z_, log_likelihood_, log_prior_, true);
    likelihood_weights_.setConstant(per_draw);
    rate_weights_.setConstant(beta * per_draw);
    target_.log_joint_pullback(likelihood_weights_, rate_weights_, gradients, g_z_);
    rate_weights_ = -rate_weights_;
    if (sticking) {
      // Roeder et al. 2017: the score, whose mean is zero, is left out.
      q.log_prob_pullback(rate_weights_, {}, g_q_);
      g_z_ += g_q_;
      target_.sample_pullback(g_z_, unwanted_vector(), gradients);
    } else {
      target_.sample_pullback(g_z_, rate_weights_, gradients);
    }
    return (log_q_ - log_prior_).mean();
  }

  JointTarget target_;
  GaussianPrior* prior_;
  std::string kl_, objective_;
  double beta_, ramp_ = 1;
  Eigen::MatrixXd noise_, z_, g_z_, g_q_;                            ///< [D x (B K)]
  Eigen::VectorXd log_likelihood_, log_prior_, log_q_;               ///< [B K]
  Eigen::VectorXd likelihood_weights_, rate_weights_;                ///< [B K]
  Eigen::MatrixXd g_mean_, g_log_sd_;                                ///< [D x B]
  Eigen::VectorXd prior_mean_, prior_log_sd_, precision_, squares_;  ///< [D]
  Eigen::VectorXd g_prior_mean_, g_prior_log_sd_;                    ///< [D]
};

}  // namespace

ELBOW_PLUGIN(
    AmortizedElbo, options,
    {.name = "amortized_elbo",
     .summary = "ELBO of data items with latents of their own, or distortion and beta times "
                "the rate",
     .source = "Kingma & Welling 2014; Higgins et al. 2017; Fu et al. 2019",
     .needs_of_model = Ability::latent_items,
     .needs_of_family = Ability::conditional})
