#include "cell/kept_draws.hpp"

#include <algorithm>
#include <elbow/math.hpp>

#include "diagnostics/draws_summary.hpp"

namespace elbow {

KeptDraws::KeptDraws(Index variables, Index chains, Index most_numbers, Index walkers)
    : variables_(variables),
      chains_(chains),
      walkers_(walkers),
      capacity_(std::max<Index>(1000, most_numbers / std::max<Index>(1, variables * chains)) / 2 *
                2) {}

void KeptDraws::add(Draws x) {
  if (seen_++ % stride_ != 0) return;
  if (kept_ == capacity_) {
    for (Index i = 0; i < capacity_ / 2; ++i) values_.col(i) = values_.col(2 * i);
    kept_ = capacity_ / 2;
    stride_ *= 2;
    if ((seen_ - 1) % stride_ != 0) return;
  }
  if (kept_ == values_.cols())
    values_.conservativeResize(variables_ * chains_,
                               std::min(capacity_, std::max<Index>(256, 2 * kept_)));
  values_.col(kept_++) = x.reshaped();
}

Eigen::MatrixXd KeptDraws::variable(Index c) const {
  Eigen::MatrixXd x(kept_, chains_);
  for (Index chain = 0; chain < chains_; ++chain)
    x.col(chain) = values_.row(chain * variables_ + c).head(kept_).transpose();
  return x;
}

Eigen::MatrixXd KeptDraws::summaries() const {
  Eigen::MatrixXd summaries(Index(draws_summary_fields().size()), variables_);
  for (Index c = 0; c < variables_; ++c)
    if (kept_ > 0)
      summaries.col(c) = draws_summary(variable(c), walkers_);
    else
      summaries.col(c).setConstant(not_a_number);
  return summaries;
}

Eigen::MatrixXd KeptDraws::spread(Index n) const {
  const Index all = kept_ * chains_, count = std::min(n, all);
  Eigen::MatrixXd draws(variables_, count);
  for (Index i = 0; i < count; ++i) {
    const Index at = i * all / count;
    draws.col(i) = values_.block(at / kept_ * variables_, at % kept_, variables_, 1);
  }
  return draws;
}

Index KeptDraws::stalled_for(Index chain) const {
  if (kept_ < 2) return 0;
  const auto own = values_.block(chain * variables_, 0, variables_, kept_);
  Index equal = 1;
  while (equal < kept_ && own.col(kept_ - 1 - equal) == own.col(kept_ - 1)) ++equal;
  return equal * stride_;
}

}  // namespace elbow
