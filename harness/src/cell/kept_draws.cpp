#include "cell/kept_draws.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "diagnostics/effective_sample_size.hpp"
#include "diagnostics/rhat.hpp"

namespace elbow {
namespace {

constexpr Index most_numbers = 8'000'000;

}  // namespace

KeptDraws::KeptDraws(Index variables, Index chains)
    : variables_(variables),
      chains_(chains),
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

void KeptDraws::add_diagnostics(std::vector<Metric>& metrics) const {
  double rhat_max = not_a_number, bulk_min = not_a_number, tail_min = not_a_number;
  Index stuck = 0;
  for (Index c = 0; c < variables_; ++c) {
    const Eigen::MatrixXd x = variable(c);
    if ((x.array() == x(0, 0)).all()) {
      ++stuck;
      continue;
    }
    rhat_max = std::fmax(rhat_max, rhat(x));
    bulk_min = std::fmin(bulk_min, ess_bulk(x));
    tail_min = std::fmin(tail_min, ess_tail(x));
  }
  const std::string of = stride_ == 1 ? "" : ", from every " + std::to_string(stride_) + "th draw";
  metrics.push_back({"rhat_max", rhat_max, not_a_number, "",
                     "largest rank-normalised split R-hat over the variables" + of});
  metrics.push_back({"ess_bulk_min", bulk_min, not_a_number, "draws",
                     "smallest bulk effective sample size over the variables" + of});
  metrics.push_back({"ess_tail_min", tail_min, not_a_number, "draws",
                     "smallest tail effective sample size over the variables" + of});
  metrics.push_back({"constant_variables", double(stuck), not_a_number, "",
                     "elements of variables that never changed; not in the extremes above"});
}

bool KeptDraws::stalled() const {
  if (kept_ < 2) return false;
  const auto first = values_.col(0);
  return (values_.leftCols(kept_).colwise() - first).isZero(0);
}

MomentEstimates KeptDraws::moments() const {
  MomentEstimates estimates;
  for (Eigen::VectorXd* v : {&estimates.mean, &estimates.sd, &estimates.mean_standard_error,
                             &estimates.sd_standard_error})
    v->resize(variables_);
  for (Index c = 0; c < variables_; ++c) {
    const Eigen::MatrixXd x = variable(c);
    const double n = double(x.size());
    estimates.mean[c] = x.mean();
    estimates.sd[c] = std::sqrt((x.array() - x.mean()).square().sum() / (n - 1));
    estimates.mean_standard_error[c] = mcse_mean(x);
    estimates.sd_standard_error[c] = mcse_sd(x);
  }
  return estimates;
}

}  // namespace elbow
