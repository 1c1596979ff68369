#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// Mean and variance of a stream of independent numbers, without keeping them (Welford 1962;
/// merged as in Chan, Golub & LeVeque 1983). Numbers that are not finite are counted, and make the
/// mean and the variance what arithmetic makes of them: they are never left out.
class ScalarMoments {
 public:
  void add(double value);
  void add(Vector values);
  void merge(const ScalarMoments& other);

  Index count() const { return count_; }
  Index non_finite() const { return non_finite_; }
  double mean() const;      ///< NaN before the first number
  double variance() const;  ///< divisor n - 1; NaN below two numbers
  /// The mean with the standard error sd / sqrt(n).
  Estimate estimate() const;

 private:
  Index count_ = 0, non_finite_ = 0;
  double mean_ = 0, squares_ = 0;
};

/// The mean of independent numbers and its Monte-Carlo standard error. [S]
Estimate mean_estimate(Vector values);

/// The standard error of a smooth function of estimated numbers: sqrt(g' Sigma g).
/// @param gradient    [K]      of the function at the estimates
/// @param covariance  [K x K]  of the estimates
double delta_method(Vector gradient, Draws covariance);

}  // namespace elbow
