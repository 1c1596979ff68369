#include <cmath>
#include <elbow/warmup.hpp>

namespace elbow {

void DualAveraging::restart(double step_size) {
  centre_ = std::log(10 * step_size);
  mean_gap_ = count_ = 0;
  step_size_ = averaged_ = step_size;
}

void DualAveraging::update(double acceptance) {
  constexpr double gamma = 0.05, t0 = 10, kappa = 0.75;
  ++count_;
  mean_gap_ += (target_ - acceptance - mean_gap_) / (count_ + t0);
  const double log_step = centre_ - std::sqrt(count_) / gamma * mean_gap_;
  const double weight = std::pow(count_, -kappa);
  averaged_ = std::exp(weight * log_step + (1 - weight) * std::log(averaged_));
  step_size_ = std::exp(log_step);
}

WarmupWindows::WarmupWindows(Index warmup) {
  if (warmup < 20) return;
  if (warmup < 150) {
    first_ = Index(0.15 * double(warmup));
    ends_ = {warmup - Index(0.1 * double(warmup))};
    return;
  }
  first_ = 75;
  const Index last = warmup - 50;
  Index end = first_;
  for (Index size = 25; end < last; size *= 2) {
    // A window that would leave no room for the next, twice as long, takes all that is left.
    end = end + 3 * size > last ? last : end + size;
    ends_.push_back(end);
  }
}

bool WarmupWindows::gathers(Index iteration) const {
  return !ends_.empty() && iteration >= first_ && iteration < ends_.back();
}

bool WarmupWindows::closes(Index iteration) const {
  for (const Index end : ends_)
    if (iteration + 1 == end) return true;
  return false;
}

RunningVariance::RunningVariance(Index dimension, Index chains)
    : mean_(Eigen::MatrixXd::Zero(dimension, chains)),
      squares_(Eigen::MatrixXd::Zero(dimension, chains)) {}

void RunningVariance::clear() {
  count_ = 0;
  mean_.setZero();
  squares_.setZero();
}

void RunningVariance::add(Draws z) {
  ++count_;
  const double weight = 1 / double(count_);
  // sum of squares += (z - old mean)(z - new mean) = (1 - 1/n)(z - old mean)^2
  squares_.array() += (1 - weight) * (z - mean_).array().square();
  mean_ += weight * (z - mean_);
}

}  // namespace elbow
