#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// Autocovariances of each chain at all lags, with the divisor n at every lag, by a padded fast
/// Fourier transform: O(n log n) time. A constant chain has zeros at all lags, exactly.
/// @param x  [n x chains]  finite, n >= 1
/// @return   [n]  the mean over chains, by lag
Eigen::VectorXd mean_autocovariance(Draws x);

}  // namespace elbow
