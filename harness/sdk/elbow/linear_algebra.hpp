#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// c += factor * a * b, in blocks that Eigen's product packs on the stack: no allocation, whatever
/// the size (a plain product of blocks above 128 KB allocates in every call).
/// @param a  [m x k]   @param b  [k x n]   @param[in,out] c  [m x n]  overlaps neither
void add_product(double factor, Draws a, Draws b, DrawsOut c);

/// The lower Cholesky factor of a covariance matrix that a person gave.
/// @throws Error saying what is wrong, with the values: not square, not finite, not symmetric
/// (beyond rounding), not positive definite. `what` is its name in the text, e.g. "covariance".
Eigen::MatrixXd cholesky_factor(Draws covariance, const std::string& what);

}  // namespace elbow
