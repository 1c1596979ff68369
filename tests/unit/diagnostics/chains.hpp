#pragma once

#include <cmath>
#include <elbow/random.hpp>

namespace elbow::test {

/// Independent stationary AR(1) chains with standard normal margins. [n x chains]
/// Their autocorrelation time is (1 + phi) / (1 - phi).
inline Eigen::MatrixXd ar1(Index n, Index chains, double phi, std::uint64_t seed) {
  RandomStream stream(seed, 0, "chains");
  Eigen::MatrixXd x(n, chains);
  stream.fill_normal(x);
  for (Index t = 1; t < n; ++t) x.row(t) = phi * x.row(t - 1) + std::sqrt(1 - phi * phi) * x.row(t);
  return x;
}

/// Independent standard normal numbers.
inline Eigen::MatrixXd normals(Index rows, Index cols, std::uint64_t seed) {
  RandomStream stream(seed, 0, "normals");
  Eigen::MatrixXd x(rows, cols);
  stream.fill_normal(x);
  return x;
}

}  // namespace elbow::test
