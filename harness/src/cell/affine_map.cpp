#include "cell/affine_map.hpp"

#include <elbow/error.hpp>
#include <elbow/math.hpp>

namespace elbow {

AffineMap::AffineMap(Eigen::VectorXd mean, Draws covariance) : mean_(std::move(mean)) {
  const Eigen::LLT<Eigen::MatrixXd> cholesky(covariance);
  if (!mean_.allFinite() || !covariance.allFinite() || cholesky.info() != Eigen::Success)
    throw Error("the covariance of the fit is not finite and positive definite");
  factor_ = cholesky.matrixL();
  constant_ = factor_.diagonal().array().log().sum() + 0.5 * double(mean_.size()) * log_2pi;
}

void AffineMap::transport(Draws e, DrawsOut z, VectorOut log_q) {
  if (e_.cols() < e.cols()) e_.resize(e.rows(), e.cols());
  e_.leftCols(e.cols()) = e;
  z.noalias() = factor_.triangularView<Eigen::Lower>() * e;
  z.colwise() += mean_;
  for (Index s = 0; s < e.cols(); ++s) log_q[s] = -0.5 * e.col(s).squaredNorm() - constant_;
}

void AffineMap::transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) {
  g_e.noalias() = factor_.triangularView<Eigen::Lower>().transpose() * g_z;
  g_e -= e_.leftCols(g_z.cols()) * g_log_q.asDiagonal();
}

void AffineMap::inverse(Vector z, VectorOut e) const {
  e = z - mean_;
  factor_.triangularView<Eigen::Lower>().solveInPlace(e);
}

}  // namespace elbow
