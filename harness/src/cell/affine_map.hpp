#pragma once

#include <Eigen/Cholesky>
#include <elbow/family.hpp>

namespace elbow {

/// z = m + L e with L L^T = S: in the coordinates e a target with this mean and covariance has mean
/// 0 and covariance I. A sampler that works there is one whose metric (mass matrix, proposal) is S
/// (Neal 2011, section 5.4.2.4).
class AffineMap final : public Transport {
 public:
  /// @param mean  [D]   @param covariance  [D x D]
  /// @throws Error when the covariance is not finite and positive definite.
  AffineMap(Eigen::VectorXd mean, Draws covariance);

  void transport(Draws e, DrawsOut z, VectorOut log_q) override;
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override;
  /// The coordinates of a point. [D]
  void inverse(Vector z, VectorOut e) const;

 private:
  Eigen::VectorXd mean_;
  Eigen::MatrixXd factor_;  ///< [D x D] lower triangle L
  double constant_;         ///< minus the log density of the mean
  Eigen::MatrixXd e_;       ///< [D x S]  of the most recent transport; columns only grow
};

}  // namespace elbow
