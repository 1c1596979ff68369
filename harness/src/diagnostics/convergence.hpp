#pragma once

#include <elbow/types.hpp>
#include <span>

namespace elbow {

/// Estimates and diagnostics of D quantities from their chains, as `summarise_draws` of R's
/// `posterior` gives them. Each vector is [D]; NaN as documented with the single functions.
struct Convergence {
  Eigen::VectorXd mean, sd;  ///< over all draws; sd with divisor S - 1
  Eigen::VectorXd mcse_mean, mcse_sd;
  Eigen::VectorXd rhat, ess_bulk, ess_tail;
};

/// @param chains  one block [D x n] per chain, all of one size; one draw per column
/// @throws Error when the blocks differ in size or there is none.
/// O(D S log S) time; memory beside the result is that of a few copies of one quantity.
Convergence convergence(std::span<const Eigen::MatrixXd> chains);

}  // namespace elbow
