#include <Eigen/Cholesky>
#include <elbow/error.hpp>
#include <elbow/math.hpp>

namespace elbow {

double log_sum_exp(Vector x) {
  if (x.size() == 0) return -INFINITY;
  const double top = x.maxCoeff<Eigen::PropagateNaN>();
  if (!std::isfinite(top)) return top;
  return top + std::log((x.array() - top).exp().sum());
}

double log_mean_exp(Vector x) { return log_sum_exp(x) - std::log(double(x.size())); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)); }

double gaussian_kl(Vector m1, Draws s1, Vector m2, Draws s2) {
  const Eigen::LLT<Eigen::MatrixXd> first(s1), second(s2);
  if (first.info() != Eigen::Success || second.info() != Eigen::Success)
    throw Error("KL of Gaussians: a covariance is not positive definite");
  const Eigen::MatrixXd l1 = first.matrixL();
  const Eigen::MatrixXd l2 = second.matrixL();
  const auto half = second.matrixL();
  const double trace = half.solve(l1).squaredNorm();
  const double shift = half.solve(m2 - m1).squaredNorm();
  const double log_ratio = (l2.diagonal().array() / l1.diagonal().array()).log().sum();
  return log_ratio + 0.5 * (trace + shift - double(m1.size()));
}

}  // namespace elbow
