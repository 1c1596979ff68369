#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// Autocovariances by lag, with the divisor n at every lag, averaged over chains. The first lags
/// are dot products, computed when they are asked for, because most sums over lags end there;
/// asking for a later one computes all by a padded fast Fourier transform in O(n log n).
class MeanAutocovariance {
 public:
  /// @param x  [n x chains]  finite, n >= 1
  explicit MeanAutocovariance(Draws x);

  /// @pre 0 <= lag < n
  double operator()(Index lag);

 private:
  void transform();

  Eigen::MatrixXd centred_;
  Eigen::VectorXd by_lag_;  ///< empty until the transform is needed
};

}  // namespace elbow
