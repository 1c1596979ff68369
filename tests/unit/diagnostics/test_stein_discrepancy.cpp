#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/math.hpp>

#include "chains.hpp"
#include "diagnostics/stein_discrepancy.hpp"

using namespace elbow;

namespace {

double kernel(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  return 1 / std::sqrt(1 + (x - y).squaredNorm());
}

/// The Stein kernel by its definition, with derivatives of the kernel by finite differences.
double stein_kernel(const Eigen::VectorXd& x, const Eigen::VectorXd& y, const Eigen::VectorXd& s_x,
                    const Eigen::VectorXd& s_y) {
  const double h = 1e-4;
  double value = s_x.dot(s_y) * kernel(x, y);
  for (Index d = 0; d < x.size(); ++d) {
    const Eigen::VectorXd e = h * Eigen::VectorXd::Unit(x.size(), d);
    const double by_x = (kernel(x + e, y) - kernel(x - e, y)) / (2 * h);
    const double by_y = (kernel(x, y + e) - kernel(x, y - e)) / (2 * h);
    const double by_both = (kernel(x + e, y + e) - kernel(x + e, y - e) - kernel(x - e, y + e) +
                            kernel(x - e, y - e)) /
                           (4 * h * h);
    value += s_y[d] * by_x + s_x[d] * by_y + by_both;
  }
  return value;
}

}  // namespace

TEST_CASE("The Stein discrepancy is the double sum of the Stein kernel over pairs") {
  const Eigen::MatrixXd z = test::normals(3, 6, 1).array() + 5, gradient = test::normals(3, 6, 2);
  double sum = 0;
  for (Index i = 0; i < 6; ++i)
    for (Index j = 0; j < 6; ++j)
      if (i != j) sum += stein_kernel(z.col(i), z.col(j), gradient.col(i), gradient.col(j));
  CHECK(ksd_squared(z, gradient).value == Approx(sum / 30).epsilon(1e-6));
}

TEST_CASE("The Stein discrepancy of exact draws is zero within its error, of others it is not") {
  double mean = 0, square = 0;
  for (int r = 0; r < 100; ++r) {
    const Eigen::MatrixXd z = test::normals(2, 150, 100 + r);
    const Estimate exact = ksd_squared(z, -z);
    mean += exact.value / exact.standard_error / 100;
    square += std::pow(exact.value / exact.standard_error, 2) / 100;
  }
  CHECK(std::fabs(mean) < 5 / std::sqrt(100.0));
  CHECK(square == Approx(1).margin(0.8));
  for (const double scale : {0.7, 1.4}) {
    const Eigen::MatrixXd z = test::normals(2, 500, 3);
    const Estimate wrong = ksd_squared(scale * z, -scale * z.array() + (scale < 1 ? 0.5 : 0));
    CHECK(wrong.value > 5 * wrong.standard_error);
  }
}

TEST_CASE("A gradient that is not finite, and three draws, have no Stein discrepancy") {
  const Eigen::MatrixXd z = test::normals(2, 10, 4);
  Eigen::MatrixXd gradient = -z;
  gradient(0, 3) = infinity;
  CHECK(std::isnan(ksd_squared(z, gradient).value));
  CHECK(std::isnan(ksd_squared(z.leftCols(3), -z.leftCols(3)).value));
}
