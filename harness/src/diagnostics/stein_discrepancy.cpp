#include "diagnostics/stein_discrepancy.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "diagnostics/u_statistic.hpp"

namespace elbow {

Estimate ksd_squared(Draws z, Draws gradient) {
  if (z.cols() < 4 || !z.allFinite() || !gradient.allFinite()) return {not_a_number, not_a_number};
  const double dimension = double(z.rows());
  const Eigen::MatrixXd x = z.colwise() - z.rowwise().mean();
  const Eigen::MatrixXd products = x.transpose() * x;
  const Eigen::MatrixXd scores = gradient.transpose() * gradient;
  const Eigen::MatrixXd mixed = gradient.transpose() * x;  // s_i . x_j
  Eigen::MatrixXd h(z.cols(), z.cols());
  for (Index j = 0; j < z.cols(); ++j)
    for (Index i = 0; i < z.cols(); ++i) {
      const double square = std::fmax(0.0, products(i, i) + products(j, j) - 2 * products(i, j));
      const double root = 1 / std::sqrt(1 + square), cube = root * root * root;
      const double along = mixed(i, i) - mixed(i, j) - mixed(j, i) + mixed(j, j);
      h(i, j) = scores(i, j) * root + (along + dimension) * cube - 3 * square * cube * root * root;
    }
  return u_statistic(h);
}

}  // namespace elbow
