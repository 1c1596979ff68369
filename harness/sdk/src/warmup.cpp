#include <Eigen/Cholesky>
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

void AcceptanceScale::restart(double scale) {
  scale_ = scale;
  count_ = 0;
}

void AcceptanceScale::update(double acceptance) {
  scale_ *= std::exp(std::pow(++count_, -0.6) * (acceptance - target_));
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

void RunningVariance::update_sd(DrawsOut sd) const {
  if (count_ < 2) return;
  for (Index c = 0; c < sd.cols(); ++c)
    for (Index d = 0; d < sd.rows(); ++d)
      if (const double v = variance(d, c); v > 0 && std::isfinite(v)) sd(d, c) = std::sqrt(v);
}

RunningCovariance::RunningCovariance(Index dimension, bool full)
    : full_(full),
      mean_(Eigen::VectorXd::Zero(dimension)),
      gap_(dimension),
      squares_(mean_),
      products_(Eigen::MatrixXd::Zero(dimension, dimension)),
      work_(products_) {}

void RunningCovariance::clear() {
  count_ = 0;
  mean_.setZero();
  squares_.setZero();
  products_.setZero();
}

void RunningCovariance::add(Vector z) {
  const double n = double(++count_), weight = 1 - 1 / n;
  gap_ = z - mean_;
  mean_ += gap_ / n;
  squares_ += weight * gap_.cwiseAbs2();
  if (full_) products_.selfadjointView<Eigen::Lower>().rankUpdate(gap_, weight);
}

bool RunningCovariance::factorise(Eigen::MatrixXd& factor) {
  if (count_ < 2 || !(squares_.minCoeff() > 0) || !squares_.allFinite()) return false;
  const double n = double(count_), dimension = double(mean_.size());
  work_ = products_ * (n / ((n - 1) * (n + dimension)));
  work_.diagonal() = squares_ / (n - 1);
  const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> in_place(work_);
  if (in_place.info() != Eigen::Success) return false;
  factor = work_;
  return true;
}

}  // namespace elbow
