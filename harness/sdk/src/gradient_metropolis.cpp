#include <cmath>
#include <elbow/gradient_metropolis.hpp>
#include <elbow/math.hpp>

namespace elbow {

std::vector<Option> GradientMetropolis::options(double target_acceptance,
                                                const std::string& constant) {
  return {real("step_size", optional,
               "standard deviation of the proposal in units of the metric's, at the start (without "
               "warm-up: always); absent: " +
                   constant + " D^(-1/6)")
              .above(0),
          real("target_acceptance", target_acceptance,
               "mean acceptance that warm-up adapts the step size to")
              .above(0)
              .below(1),
          choice("metric", {"diagonal", "unit"},
                 "preconditioner: variances of the chain learnt in warm-up, or the identity")};
}

GradientMetropolis::GradientMetropolis(const SamplerSetup& setup, double constant)
    : density_(*setup.model.density()),
      adapts_metric_(setup.options.text("metric") == "diagonal"),
      standard_step_size_(constant * std::pow(double(density_.dimension()), -1.0 / 6)),
      windows_(setup.warmup),
      variance_(density_.dimension(), setup.chains) {
  const Index dimension = density_.dimension(), chains = setup.chains;
  const double step =
      setup.options.has("step_size") ? setup.options.real("step_size") : standard_step_size_;
  step_size_.assign(std::size_t(chains),
                    AcceptanceScale(setup.options.real("target_acceptance"), step));
  sd_.setOnes(dimension, chains);
  state_.setConstant(dimension, chains, not_a_number);
  for (Eigen::MatrixXd* block : {&gradient_, &proposal_, &proposal_gradient_})
    block->resize(dimension, chains);
  log_p_.resize(chains);
}

std::vector<TraceField> GradientMetropolis::statistics() const {
  return {{"acceptance_rate", "acceptance probability of the proposal", ""},
          {"accepted", "1 where the proposal was accepted", ""},
          {"step_size", "standard deviation of the proposal in units of the metric's", ""},
          {"non_finite", "1 where the proposal's density or gradient was infinite or NaN", ""}};
}

GradientMetropolis::Place GradientMetropolis::place(Index c) const {
  return {c, step_size_[std::size_t(c)].scale(), sd_.col(c), state_.col(c), gradient_.col(c)};
}

Progress GradientMetropolis::transition(Transition& t) {
  if ((state_.array() != t.z.array()).any()) {
    density_.log_density_gradient(t.z, log_p_, gradient_);
    state_ = t.z;
  }
  for (Index c = 0; c < chains(); ++c)
    propose(t.streams[std::size_t(c)], place(c), proposal_.col(c));
  density_.log_density_gradient(proposal_, log_p_, proposal_gradient_);
  for (Index c = 0; c < chains(); ++c) accept(t, c);
  if (t.warmup) adapt(t);
  return Progress::going;
}

void GradientMetropolis::accept(Transition& t, Index c) {
  const double log_ratio =
      log_p_[c] - t.log_density[c] +
      log_proposal_ratio(place(c), proposal_.col(c), proposal_gradient_.col(c));
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
  statistics[2] = step_size_[std::size_t(c)].scale();
  statistics[3] = !finite;
}

void GradientMetropolis::adapt(Transition& t) {
  for (Index c = 0; c < chains(); ++c) step_size_[std::size_t(c)].update(t.statistics(0, c));
  if (!adapts_metric_) return;
  if (windows_.gathers(t.iteration)) variance_.add(t.z);
  if (!windows_.closes(t.iteration)) return;
  variance_.update_sd(sd_);
  variance_.clear();
  // The old step size belongs to the old metric.
  for (AcceptanceScale& step : step_size_) step.restart(standard_step_size_);
}

}  // namespace elbow
