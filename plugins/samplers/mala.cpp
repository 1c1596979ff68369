#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("step_size", optional,
               "standard deviation of the proposal in units of the metric's, at the start (without "
               "warm-up: always); absent: 1.65 D^(-1/6)")
              .above(0),
          real("target_acceptance", 0.574, "mean acceptance that warm-up adapts the step size to")
              .above(0)
              .below(1),
          choice("metric", {"diagonal", "unit"},
                 "preconditioner: variances of the chain learnt in warm-up, or the identity")};
}

/// Metropolis-adjusted Langevin algorithm: z' = z + h^2 V grad log p(z) / 2 + h V^(1/2) e with
/// e ~ N(0, I) and a diagonal V. All chains of the block move together; each adapts by itself.
class Mala final : public Sampler {
 public:
  explicit Mala(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        adapts_metric_(setup.options.text("metric") == "diagonal"),
        chains_(setup.chains),
        target_(setup.options.real("target_acceptance")),
        windows_(setup.warmup),
        variance_(density_.dimension(), setup.chains) {
    const Index dimension = density_.dimension();
    standard_step_size_ = 1.65 * std::pow(double(dimension), -1.0 / 6);
    step_size_.setConstant(chains_, setup.options.has("step_size") ? setup.options.real("step_size")
                                                                   : standard_step_size_);
    sd_.setOnes(dimension, chains_);
    state_.setConstant(dimension, chains_, std::numeric_limits<double>::quiet_NaN());
    gradient_.resize(dimension, chains_);
    proposal_.resize(dimension, chains_);
    proposal_gradient_.resize(dimension, chains_);
    noise_.resize(dimension, chains_);
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
    stream.fill_normal(noise_.col(c));
    const double h = step_size_[c];
    const auto sd = sd_.col(c).array();
    proposal_.col(c) = state_.col(c).array() +
                       h * sd * (0.5 * h * sd * gradient_.col(c).array() + noise_.col(c).array());
  }

  /// log of q(z | z') / q(z' | z). Summed in order, so that the rounding is the same in any block.
  double log_proposal_ratio(Index c) const {
    const double h = step_size_[c];
    double sum = 0;
    for (Index d = 0; d < sd_.rows(); ++d) {
      const double back = (state_(d, c) - proposal_(d, c)) / (h * sd_(d, c)) -
                          0.5 * h * sd_(d, c) * proposal_gradient_(d, c);
      sum += noise_(d, c) * noise_(d, c) - back * back;
    }
    return 0.5 * sum;
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
  Eigen::MatrixXd sd_;                            ///< [D x chains] roots of V
  Eigen::MatrixXd state_, gradient_;              ///< [D x chains]
  Eigen::MatrixXd proposal_, proposal_gradient_;  ///< [D x chains]
  Eigen::MatrixXd noise_;                         ///< [D x chains]
  Eigen::VectorXd log_p_;                         ///< [chains] of the proposals
};

}  // namespace

ELBOW_PLUGIN(Mala, options,
             {.name = "mala",
              .summary = "Metropolis-adjusted Langevin algorithm, preconditioned",
              .source = "Roberts & Tweedie 1996; Roberts & Rosenthal 1998 (acceptance 0.574)",
              .needs_of_model = Ability::density | Ability::gradient})
