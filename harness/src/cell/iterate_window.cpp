#include "cell/iterate_window.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "diagnostics/effective_sample_size.hpp"
#include "diagnostics/rhat.hpp"

namespace elbow {
namespace {

constexpr Index most_rows = 1024, most_tracked = 256;

/// A number that moves by less than rounding lets it has come to rest.
bool at_rest(const Eigen::MatrixXd& x) {
  return x.maxCoeff() - x.minCoeff() <= 1e-9 * (1 + x.cwiseAbs().maxCoeff());
}

}  // namespace

IterateWindow::IterateWindow(std::span<Parameters* const> trained) : trained_(trained) {
  Index size = 0;
  for (const Parameters* parameters : trained) size += parameters->size();
  const Index kept = std::min(size, most_tracked);
  for (Index k = 0; k < kept; ++k) tracked_.push_back(k * size / kept);
  rows_.resize(most_rows, 1 + kept);
}

void IterateWindow::add(double objective) {
  if (count_++ % stride_ != 0) return;
  if (filled_ == most_rows) {
    filled_ /= 2;
    for (Index i = 0; i < filled_; ++i) rows_.row(i) = rows_.row(2 * i);
    stride_ *= 2;
    if ((count_ - 1) % stride_ != 0) return;
  }
  rows_(filled_, 0) = objective;
  Index first = 0;
  std::size_t k = 0;
  for (const Parameters* parameters : trained_) {
    const Index wide = parameters->f64().size();
    for (; k < tracked_.size() && tracked_[k] < first + parameters->size(); ++k) {
      const Index at = tracked_[k] - first;
      rows_(filled_, Index(k) + 1) =
          at < wide ? parameters->f64()[at] : double(parameters->f32()[at - wide]);
    }
    first += parameters->size();
  }
  ++filled_;
}

void IterateWindow::restart() {
  filled_ = 0;
  stride_ = 1;
  count_ = 0;
}

Eigen::MatrixXd IterateWindow::later_half(Index column) const {
  return rows_.col(column).segment(filled_ / 2, filled_ - filled_ / 2);
}

IterateWindow::Mixing IterateWindow::mixing() const {
  Mixing worst;
  if (filled_ < 16) return {infinity, infinity, -1};
  bool moving = false;
  for (std::size_t k = 0; k < tracked_.size(); ++k) {
    const Eigen::MatrixXd x = later_half(Index(k) + 1);
    if (!x.allFinite()) return {infinity, infinity, tracked_[k]};
    if (at_rest(x)) continue;
    moving = true;
    const double found = rhat_basic(x);
    if (found > worst.rhat) {
      worst.rhat = found;
      worst.parameter = tracked_[k];
    }
    worst.relative_mcse = std::max(worst.relative_mcse, 1 / std::sqrt(ess_mean(x)));
  }
  // Where noise goes on and nothing follows it, the step size has died away and nothing is known.
  if (!moving && !at_rest(later_half(0))) return {infinity, infinity, -1};
  return worst;
}

IterateWindow::Level IterateWindow::objective() const {
  if (filled_ == 0) return {not_a_number, not_a_number, not_a_number};
  const Eigen::MatrixXd x = later_half(0);
  if (x.rows() < 6) return {x.mean(), not_a_number, not_a_number};
  const double mean = x.mean();
  const double sd = std::sqrt((x.array() - mean).square().sum() / double(x.rows() - 1));
  return {mean, at_rest(x) ? 0 : mcse_mean(x), sd};
}

}  // namespace elbow
