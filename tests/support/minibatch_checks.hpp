#pragma once

#include <numeric>
#include <vector>

#include "support/density_checks.hpp"

namespace elbow::test {

/// use_items makes an unbiased estimate: the mean over all single items, each scaled by N, is the
/// full log density and gradient; all items at once, and none, are the full density itself.
inline void check_minibatches(Density& density, const Eigen::MatrixXd& z, double tolerance) {
  const ValueAndGradient full = value_and_gradient(density, z);
  const Index items = density.item_count();
  ValueAndGradient mean{Eigen::VectorXd::Zero(z.cols()), Eigen::MatrixXd::Zero(z.rows(), z.cols())};
  for (Index item = 0; item < items; ++item) {
    density.use_items(std::span(&item, 1));
    const ValueAndGradient one = value_and_gradient(density, z);
    mean.log_p += one.log_p / double(items);
    mean.gradient += one.gradient / double(items);
  }
  const auto check_equal = [&](const ValueAndGradient& other) {
    for (Index s = 0; s < z.cols(); ++s)
      CHECK(other.log_p[s] == Approx(full.log_p[s]).epsilon(tolerance));
    CHECK((other.gradient - full.gradient).cwiseAbs().maxCoeff() <=
          tolerance * (1 + full.gradient.cwiseAbs().maxCoeff()));
  };
  check_equal(mean);
  std::vector<Index> all(std::size_t(items), 0);
  std::iota(all.rbegin(), all.rend(), 0);
  density.use_items(all);
  check_equal(value_and_gradient(density, z));
  density.use_items({});
  check_equal(value_and_gradient(density, z));
}

/// Another minibatch of the same size asks for no memory, nor does its density.
inline void check_minibatches_do_not_allocate(Density& density, Index batch, Index draws) {
  const Eigen::MatrixXd z = normal_points(density, draws, 7, 0.3);
  std::vector<Index> items(std::size_t(batch), 0);
  density.use_items(items);
  ValueAndGradient out = value_and_gradient(density, z);
  std::iota(items.begin(), items.end(), 0);
  const std::size_t before = allocations();
  density.use_items(items);
  density.log_density_gradient(z, out.log_p, out.gradient);
  CHECK(allocations() == before);
  density.use_items({});
}

/// A table of numbers as the host would have read it.
inline OptionValue table(std::vector<std::string> columns, Eigen::MatrixXd values) {
  return std::make_shared<const Table>(Table{std::move(columns), std::move(values)});
}

}  // namespace elbow::test
