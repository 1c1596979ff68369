#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <elbow/linear_algebra.hpp>
#include <sstream>

namespace elbow {
namespace {

// 64 * 256 doubles are 128 KB, the largest buffer that Eigen takes from the stack.
constexpr Index depth_block = 64;
constexpr Index outer_block = 256;

template <class... Parts>
[[noreturn]] void refuse_matrix(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace

void add_product(double factor, Draws a, Draws b, DrawsOut c) {
  for (Index k = 0; k < a.cols(); k += depth_block) {
    const Index depth = std::min(depth_block, a.cols() - k);
    for (Index j = 0; j < b.cols(); j += outer_block) {
      const Index columns = std::min(outer_block, b.cols() - j);
      for (Index i = 0; i < a.rows(); i += outer_block) {
        const Index rows = std::min(outer_block, a.rows() - i);
        c.block(i, j, rows, columns).noalias() +=
            factor * a.block(i, k, rows, depth) * b.block(k, j, depth, columns);
      }
    }
  }
}

Eigen::MatrixXd cholesky_factor(Draws covariance, const std::string& what) {
  const Index n = covariance.rows();
  if (n == 0 || covariance.cols() != n)
    refuse_matrix(what, " must be square, got ", n, " rows of ", covariance.cols(), " numbers");
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double here = covariance(i, j);
      const double mirrored = covariance(j, i);
      if (!std::isfinite(here))
        refuse_matrix(what, " must be finite, got ", here, " in row ", i + 1, ", column ", j + 1);
      if (std::abs(here - mirrored) > 1e-10 * (std::abs(here) + std::abs(mirrored)))
        refuse_matrix(what, " must be symmetric, got ", here, " in row ", i + 1, ", column ", j + 1,
                      " and ", mirrored, " in row ", j + 1, ", column ", i + 1);
    }
    if (covariance(i, i) <= 0)
      refuse_matrix(what, " must have a positive diagonal, got ", covariance(i, i), " in row ",
                    i + 1);
  }
  const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
  if (factor.info() != Eigen::Success) {
    const Eigen::VectorXd lambda =
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(covariance, Eigen::EigenvaluesOnly)
            .eigenvalues();
    refuse_matrix(what, " must be positive definite, its smallest eigenvalue is ", lambda[0]);
  }
  return factor.matrixL();
}

}  // namespace elbow
