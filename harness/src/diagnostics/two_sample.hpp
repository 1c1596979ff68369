#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// Distances between two samples. A NaN or an infinity in either gives NaN.

/// The median of |x_i - x_j| over pairs of at most 500 evenly spaced columns: the length scale of a
/// Gaussian kernel by the median heuristic (Gretton et al. 2012, section 8). [D x n], n >= 2
double median_distance(Draws x);

/// The squared maximum mean discrepancy with the kernel exp(-|x - y|^2 / (2 length^2)): the
/// unbiased estimate over pairs (x_i, y_i), (x_j, y_j), whose mean is zero where both distributions
/// are one, so that it may be negative. O(n^2 D) time, 8 n^2 bytes of memory.
/// @param x, y  [D x n]  independent columns, n >= 4
/// @return NaN below four columns
/// Source: Gretton et al. 2012, "A kernel two-sample test", eq. 4.
Estimate mmd_squared(Draws x, Draws y, double length);

/// The Wasserstein distance of order 1 in one dimension: the integral of |F - G| over the empirical
/// distribution functions, in the unit of the numbers. Between equal distributions it is not zero
/// but of the order of sd (1/S_x + 1/S_y)^(1/2). The standard error is that of its first-order
/// expansion in F and G.
/// @param x      [S_x]
/// @param ess_x  effective sample size of x: S_x where its numbers are independent
/// @param y      [S_y]  independent
Estimate wasserstein_1(Vector x, double ess_x, Vector y);

/// KL(P || Q) + KL(Q || P) of the Gaussians with the means and covariances of two samples. The bias
/// of estimated moments is removed by the jackknife over 20 blocks of neighbouring columns, which
/// gives the standard error too and allows for autocorrelation within a block; the result may be
/// negative where both are one.
/// @param x, y  [D x n], [D x m]
/// @return NaN where a covariance is singular, or with fewer than 20 + 2 D columns.
/// O((n + m) D^2 + 20 D^3) time and 20 D^2 numbers of memory.
/// Source: Jeffreys 1946; Efron & Stein 1981 for the jackknife.
Estimate symmetric_gaussian_kl(Draws x, Draws y);

}  // namespace elbow
