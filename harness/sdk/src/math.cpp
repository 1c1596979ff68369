#include <Eigen/Cholesky>
#include <algorithm>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <vector>

namespace elbow {

double log_sum_exp(Vector x) {
  if (x.size() == 0) return -INFINITY;
  const double top = x.maxCoeff<Eigen::PropagateNaN>();
  if (!std::isfinite(top)) return top;
  return top + std::log((x.array() - top).exp().sum());
}

double log_mean_exp(Vector x) { return log_sum_exp(x) - std::log(double(x.size())); }

double log_mean_exp_sd(Vector x) {
  thread_local std::vector<double> finite;  // as samplers ask at every transition
  finite.clear();
  finite.reserve(std::size_t(x.size()));
  for (const double value : x)
    if (std::isfinite(value)) finite.push_back(value);
  const double n = double(x.size()), alive = double(finite.size()) / n;
  if (x.size() < 2 || finite.empty()) return not_a_number;
  const double total = log_sum_exp(x);
  double squares = 0;
  for (const double value : finite) squares += std::exp(2 * (value - total));
  const double seen = (squares - 1 / n) * n / (n - 1);
  // The variance of the upper half about the median, as outliers far below do not matter; so many
  // numbers may well show less of it than there is.
  const auto middle = finite.begin() + std::ptrdiff_t(finite.size() / 2);
  std::nth_element(finite.begin(), middle, finite.end());
  double spread = 0;
  for (auto value = middle; value != finite.end(); ++value)
    spread += (*value - *middle) * (*value - *middle) / double(finite.end() - middle);
  spread *= 1 + std::sqrt(8 / double(finite.size()));
  const double expected = spread > 0.7 ? (std::exp(std::fmin(spread, 600)) / alive - 1) / n : 0;
  return std::sqrt(std::log1p(std::fmax(std::fmax(seen, expected), 0)));
}

double correlation(Eigen::Ref<const Eigen::VectorXd, 0, Eigen::InnerStride<>> x,
                   Eigen::Ref<const Eigen::VectorXd, 0, Eigen::InnerStride<>> y) {
  double n = 0, mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (Index i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    const double gap_x = x[i] - mean_x, gap_y = y[i] - mean_y, weight = n / (n + 1);
    xx += weight * gap_x * gap_x;
    yy += weight * gap_y * gap_y;
    xy += weight * gap_x * gap_y;
    mean_x += gap_x / (n + 1);
    mean_y += gap_y / (n + 1);
    ++n;
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0.0;
}

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
