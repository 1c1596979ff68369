#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("step_size", optional,
               "standard deviation of the proposal in units of the metric's, at the start (without "
               "warm-up: always); absent: 1.5 D^(-1/6)")
              .above(0),
          real("target_acceptance", 0.4, "mean acceptance that warm-up adapts the step size to")
              .above(0)
              .below(1),
          choice("metric", {"diagonal", "unit"},
                 "preconditioner: variances of the chain learnt in warm-up, or the identity")};
}

/// Barker's proposal: every coordinate takes a normal jump w of sd h s, with the sign turned
/// towards growing density: z' = z + w with probability 1 / (1 + exp(-w d log p / dz)), else z - w.
/// Unlike a Langevin step it stays robust where the gradient is large. Each chain adapts by itself.
class Barker final : public Sampler {
 public:
  explicit Barker(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        adapts_metric_(setup.options.text("metric") == "diagonal"),
        chains_(setup.chains),
        target_(setup.options.real("target_acceptance")),
        windows_(setup.warmup),
        variance_(density_.dimension(), setup.chains) {
    const Index dimension = density_.dimension();
    standard_step_size_ = 1.5 * std::pow(double(dimension), -1.0 / 6);
    step_size_.setConstant(chains_, setup.options.has("step_size") ? setup.options.real("step_size")
                                                                   : standard_step_size_);
    sd_.setOnes(dimension, chains_);
    state_.setConstant(dimension, chains_, std::numeric_limits<double>::quiet_NaN());
    gradient_.resize(dimension, chains_);
    proposal_.resize(dimension, chains_);
    proposal_gradient_.resize(dimension, chains_);
    noise_.resize(dimension);
    sign_.resize(dimension);
    log_p_.resize(chains_);
  }

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "acceptance probability of the proposal", ""},
            {"accepted", "1 where the proposal was accepted", ""},
            {"step_size", "standard deviation of the proposal in units of the metric's", ""},
            {"non_finite", "1 where the proposal's density or gradient was infinite or NaN", ""}};
  }

  Progress transition(Transition& t) override {
    if ((state_.array() != t.z.array()).any()) {
      density_.log_density_gradient(t.z, log_p_, gradient_);
      state_ = t.z;
    }
    for (Index c = 0; c < chains_; ++c) propose(t.streams[std::size_t(c)], c);
    density_.log_density_gradient(proposal_, log_p_, proposal_gradient_);
    for (Index c = 0; c < chains_; ++c) accept(t, c);
    if (t.warmup) adapt(t);
    return Progress::going;
  }

 private:
  void propose(RandomStream& stream, Index c) {
    stream.fill_normal(noise_);
    stream.fill_uniform(sign_);
    for (Index d = 0; d < sd_.rows(); ++d) {
      const double jump = step_size_[c] * sd_(d, c) * noise_[d];
      const bool keeps = sign_[d] < sigmoid(jump * gradient_(d, c));
      proposal_(d, c) = state_(d, c) + (keeps ? jump : -jump);
    }
  }

  /// log of q(z | z') / q(z' | z). Summed in order, so that the rounding is the same in any block.
  double log_proposal_ratio(Index c) const {
    double sum = 0;
    for (Index d = 0; d < sd_.rows(); ++d) {
      const double jump = proposal_(d, c) - state_(d, c);
      sum += softplus(-jump * gradient_(d, c)) - softplus(jump * proposal_gradient_(d, c));
    }
    return sum;
  }

  void accept(Transition& t, Index c) {
    const double log_ratio = log_p_[c] - t.log_density[c] + log_proposal_ratio(c);
    const bool finite = std::isfinite(log_ratio);
    const double probability = finite ? std::fmin(1, std::exp(log_ratio)) : 0;
    const bool accepted = t.streams[std::size_t(c)].uniform() < probability;
    if (accepted) {
      state_.col(c) = t.z.col(c) = proposal_.col(c);
      gradient_.col(c) = proposal_gradient_.col(c);
      t.log_density[c] = log_p_[c];
    }
    auto statistics = t.statistics.col(c);
    statistics[0] = probability;
    statistics[1] = accepted;
    statistics[2] = step_size_[c];
    statistics[3] = !finite;
  }

  /// Robbins & Monro's recursion for the log of the step size (Andrieu & Thoms 2008, eq. 19), begun
  /// anew with every new metric.
  void adapt(Transition& t) {
    const double gain = std::pow(double(++steps_), -0.6);
    for (Index c = 0; c < chains_; ++c)
      step_size_[c] *= std::exp(gain * (t.statistics(0, c) - target_));
    if (!adapts_metric_) return;
    if (windows_.gathers(t.iteration)) variance_.add(t.z);
    if (!windows_.closes(t.iteration)) return;
    for (Index c = 0; c < chains_; ++c) use_variances(c);
    step_size_.setConstant(standard_step_size_);
    steps_ = 0;
    variance_.clear();
  }

  void use_variances(Index c) {
    for (Index d = 0; d < sd_.rows(); ++d) {
      const double variance = variance_.variance(d, c);
      // Where the chain has not moved the old scale is kept.
      if (variance > 0) sd_(d, c) = std::sqrt(variance);
    }
  }

  Density& density_;
  bool adapts_metric_;
  Index chains_;
  double standard_step_size_ = 1;  ///< where the metric fits the target
  double target_;                  ///< mean acceptance
  Index steps_ = 0;                ///< of the adaptation of the step size
  WarmupWindows windows_;
  RunningVariance variance_;
  Eigen::VectorXd step_size_;                     ///< [chains]
  Eigen::MatrixXd sd_;                            ///< [D x chains] scales of the jumps
  Eigen::MatrixXd state_, gradient_;              ///< [D x chains]
  Eigen::MatrixXd proposal_, proposal_gradient_;  ///< [D x chains]
  Eigen::VectorXd noise_, sign_;                  ///< [D] numbers of one chain's proposal
  Eigen::VectorXd log_p_;                         ///< [chains] of the proposals
};

}  // namespace

ELBOW_PLUGIN(
    Barker, options,
    {.name = "barker",
     .summary = "Metropolis-Hastings with Barker's gradient-skewed proposal, preconditioned",
     .source = "Livingstone & Zanella 2022, algorithm 1",
     .needs_of_model = Ability::density | Ability::gradient})
