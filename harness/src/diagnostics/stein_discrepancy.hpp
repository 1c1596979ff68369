#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// The squared kernel Stein discrepancy between a sample and the target whose gradients are given,
/// with the inverse multiquadric kernel (1 + |z - z'|^2)^(-1/2): the unbiased estimate over pairs,
/// whose mean is zero where the sample is the target's, so that it may be negative. The normaliser
/// of the target is not needed. It depends on the unit of z. O(n^2 D) time.
/// @param z         [D x n]  independent columns, n >= 4
/// @param gradient  [D x n]  of the target's log density at z
/// @return NaN below four columns, and where a number is not finite
/// Source: Gorham & Mackey 2017, "Measuring sample quality with kernels", section 3.
Estimate ksd_squared(Draws z, Draws gradient);

}  // namespace elbow
