#include "diagnostics/u_statistic.hpp"

#include <cmath>

namespace elbow {

Estimate u_statistic(Draws h) {
  const double n = double(h.rows());
  const Eigen::VectorXd rows = (h.rowwise().sum() - h.diagonal()) / (n - 1);
  const double mean = rows.mean();
  const double squares = h.squaredNorm() - h.diagonal().squaredNorm();
  const double pair_variance = std::fmax(0.0, squares / (n * (n - 1)) - mean * mean);
  const double row_variance = (rows.array() - mean).square().sum() / (n - 1);
  // A row's mean over n - 1 partners varies by zeta_1 + (zeta_2 - zeta_1) / (n - 1).
  const double projection =
      std::fmax(0.0, (row_variance - pair_variance / (n - 1)) * (n - 1) / (n - 2));
  const double variance = (4 * (n - 2) * projection + 2 * pair_variance) / (n * (n - 1));
  // fmax would hide a NaN of the entries.
  return {mean, std::isnan(mean) ? mean : std::sqrt(variance)};
}

}  // namespace elbow
