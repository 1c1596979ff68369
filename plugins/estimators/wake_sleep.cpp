#include <elbow/elbow.hpp>
#include <elbow/joint_target.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("draws", 1, "K, draws of q per item; more than one for reweighted wake-sleep")
              .at_least(1),
          choice("recognition", {"sleep", "wake", "both"},
                 "what q learns from: dreams of the model, where its latents are known; the data, "
                 "where the weighted draws stand for the posterior; the mean of both")};
}

/// Wake-sleep (Hinton et al. 1995): theta climbs log p(x, z) at the draws of q, weighted by
/// v_k proportional to p(x, z_k) / q(z_k | x); phi climbs log q(z | x) of the model's own pairs.
/// With K > 1 it is reweighted wake-sleep (Bornschein & Bengio 2015, eqs. 7-10): q may also learn
/// from the weighted draws. There is no one function that both climb; the objective reported is
/// the importance-weighted bound, which is the ELBO with K = 1.
class WakeSleep final : public GradientEstimator {
 public:
  explicit WakeSleep(const EstimatorSetup& setup)
      : WakeSleep(setup, JointTarget(setup.model, *setup.family, setup.options.integer("draws"))) {}

  bool state(StateArchive&) override { return true; }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    target_.begin(fit);
    const Index items = target_.items();
    make_room();
    Family& q = target_.family();
    fill_noise(q.noise(), fit.stream, noise_);
    q.sample(noise_, z_, unwanted_vector());
    q.log_prob(z_, log_q_);
    target_.log_joint(z_, log_likelihood_, log_prior_, true);
    trace[0] = double(log_likelihood_.size() - log_likelihood_.array().isFinite().count());
    v_ = log_likelihood_ + log_prior_ - log_q_;
    double objective = 0;
    trace[1] = 0;
    for (Index b = 0; b < items; ++b) {
      auto v = v_.segment(b * draws_, draws_);
      const double bound = log_mean_exp(v);
      objective += bound / double(items);
      v = (v.array() - bound).exp() / double(draws_);
      trace[1] += 1 / (v.squaredNorm() * double(items));
    }
    trace[2] = not_a_number;
    if (!std::isfinite(objective)) return objective;
    v_ /= double(items);
    target_.log_joint_pullback(v_, v_, gradients, unwanted());
    if (recognition_ != "sleep") {
      v_ *= recognition_ == "both" ? 0.5 : 1;
      target_.log_prob_pullback(v_, gradients);
    }
    if (recognition_ != "wake") trace[2] = sleep(items, fit.stream, gradients);
    return objective;
  }

  std::vector<TraceField> own_fields() const override {
    return {
        {"non_finite_draws", "draws whose log likelihood was infinite or NaN", ""},
        {"effective_draws", "1 / sum of squared normalised weights, mean over the items", ""},
        {"dream_log_q", "log q(z | x) of the model's own pairs, mean; NaN without sleep", "nats"}};
  }

 private:
  WakeSleep(const EstimatorSetup& setup, JointTarget target)
      : GradientEstimator(target.trained()),
        target_(std::move(target)),
        draws_(setup.options.integer("draws")),
        recognition_(setup.options.text("recognition")) {
    if (recognition_ == "wake" && draws_ == 1)
      throw OptionError(
          "recognition \"wake\" weighs the draws of an item against each other: draws must be at "
          "least 2, got 1");
    if (target_.latent_items()->mixture_prior())
      throw Unsupported(
          "a prior that is made of the encoder's posteriors has no gradient of its own, which "
          "wake-sleep needs");
  }

  void make_room() {
    const Index all = target_.draws(), dimension = target_.family().dimension();
    if (z_.cols() == all) return;
    noise_.resize(target_.family().noise().rows(), all);
    z_.resize(dimension, all);
    for (Eigen::VectorXd* vector : {&log_likelihood_, &log_prior_, &log_q_, &v_})
      vector->resize(all);
    dream_.resize(dimension, target_.items());
    dream_log_q_.resize(target_.items());
    dream_weights_.resize(target_.items());
  }

  /// As many dreams as there are items. @return the mean of log q
  double sleep(Index items, const RandomStream& stream, std::span<const GradientOut> gradients) {
    constexpr std::uint64_t dreams = 0x647265616d;
    target_.begin_dream(items, stream.substream(dreams), dream_);
    target_.family().log_prob(dream_, dream_log_q_);
    dream_weights_.setConstant((recognition_ == "both" ? 0.5 : 1) / double(items));
    target_.log_prob_pullback(dream_weights_, gradients);
    return dream_log_q_.mean();
  }

  JointTarget target_;
  Index draws_;
  std::string recognition_;
  Eigen::MatrixXd noise_, z_;                               ///< [D x (B K)]
  Eigen::VectorXd log_likelihood_, log_prior_, log_q_, v_;  ///< [B K]
  Eigen::MatrixXd dream_;                                   ///< [D x B]
  Eigen::VectorXd dream_log_q_, dream_weights_;             ///< [B]
};

}  // namespace

ELBOW_PLUGIN(WakeSleep, options,
             {.name = "wake_sleep",
              .summary = "wake-sleep and reweighted wake-sleep: q learns from dreams, or from "
                         "weighted draws",
              .source = "Hinton et al. 1995; Bornschein & Bengio 2015",
              .needs_of_model = Ability::latent_items,
              .needs_of_family = Ability::conditional | Ability::log_prob})
