#include "diagnostics/two_sample.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>
#include <vector>

#include "diagnostics/u_statistic.hpp"

namespace elbow {
namespace {

constexpr Index jackknife_blocks = 20;

/// |x_i - y_j|^2. Both are taken around one centre, so that data far from zero keep their digits.
Eigen::MatrixXd squared_distances(Draws x, Draws y, Vector centre) {
  const Eigen::MatrixXd a = x.colwise() - centre, b = y.colwise() - centre;
  Eigen::MatrixXd squares = -2 * (a.transpose() * b);
  squares.colwise() += a.colwise().squaredNorm().transpose();
  squares.rowwise() += b.colwise().squaredNorm();
  return squares.cwiseMax(0);
}

/// Number, sum and sum of outer products of a block of columns.
struct Sums {
  double count = 0;
  Eigen::VectorXd sum;
  Eigen::MatrixXd products;

  explicit Sums(Index dimension)
      : sum(Eigen::VectorXd::Zero(dimension)),
        products(Eigen::MatrixXd::Zero(dimension, dimension)) {}
  void add(Draws x) {
    count += double(x.cols());
    sum += x.rowwise().sum();
    products.selfadjointView<Eigen::Lower>().rankUpdate(x);
  }
  void combine(const Sums& other, double sign) {
    count += sign * other.count;
    sum += sign * other.sum;
    products += sign * other.products;
  }
  Eigen::VectorXd mean() const { return sum / count; }
  Eigen::MatrixXd covariance() const {
    const Eigen::VectorXd m = mean();
    const Eigen::MatrixXd full = products.selfadjointView<Eigen::Lower>();
    return (full - count * m * m.transpose()) / (count - 1);
  }
};

/// tr(A^-1 B) + tr(B^-1 A) over two, less D, plus the means' distance in both metrics over two.
double jeffreys(const Sums& p, const Sums& q) {
  const Eigen::MatrixXd a = p.covariance(), b = q.covariance();
  const Eigen::LLT<Eigen::MatrixXd> factor_a(a), factor_b(b);
  if (factor_a.info() != Eigen::Success || factor_b.info() != Eigen::Success ||
      factor_a.rcond() < 1e-13 || factor_b.rcond() < 1e-13)
    return not_a_number;
  const Eigen::VectorXd shift = p.mean() - q.mean();
  return 0.5 * (factor_a.solve(b).trace() + factor_b.solve(a).trace() +
                shift.dot(factor_a.solve(shift)) + shift.dot(factor_b.solve(shift))) -
         double(a.rows());
}

std::vector<Sums> sums_of_blocks(Draws x, Vector centre) {
  std::vector<Sums> blocks(std::size_t(jackknife_blocks), Sums(x.rows()));
  for (Index b = 0; b < jackknife_blocks; ++b) {
    const Index first = b * x.cols() / jackknife_blocks;
    const Index last = (b + 1) * x.cols() / jackknife_blocks;
    blocks[std::size_t(b)].add(x.middleCols(first, last - first).colwise() - centre);
  }
  return blocks;
}

}  // namespace

double median_distance(Draws x) {
  constexpr Index most = 500;
  const Index n = std::min(most, x.cols());
  if (n < 2 || !x.allFinite()) return not_a_number;
  Eigen::MatrixXd chosen(x.rows(), n);
  for (Index i = 0; i < n; ++i) chosen.col(i) = x.col(i * x.cols() / n);
  const Eigen::MatrixXd squares = squared_distances(chosen, chosen, chosen.rowwise().mean());
  std::vector<double> pairs;
  for (Index j = 1; j < n; ++j)
    for (Index i = 0; i < j; ++i) pairs.push_back(squares(i, j));
  const auto middle = pairs.begin() + std::ptrdiff_t(pairs.size() / 2);
  std::nth_element(pairs.begin(), middle, pairs.end());
  return std::sqrt(*middle);
}

Estimate mmd_squared(Draws x, Draws y, double length) {
  if (x.cols() < 4 || !x.allFinite() || !y.allFinite()) return {not_a_number, not_a_number};
  const Eigen::VectorXd centre = y.rowwise().mean();
  const auto kernel = [&](Draws a, Draws b) {
    return (squared_distances(a, b, centre).array() / (-2 * length * length)).exp().matrix().eval();
  };
  Eigen::MatrixXd h = kernel(x, x) + kernel(y, y);
  const Eigen::MatrixXd across = kernel(x, y);
  h -= across + across.transpose();
  return u_statistic(h);
}

Estimate wasserstein_1(Vector x, double ess_x, Vector y) {
  if (x.size() < 2 || y.size() < 2 || !x.allFinite() || !y.allFinite())
    return {not_a_number, not_a_number};
  Eigen::VectorXd a = x, b = y;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  // Along the union of both: the distance, and the integral of sign(F - G) up to every number,
  // which is the number's influence on the distance, up to its sign and a constant.
  double distance = 0, sign_integral = 0, last = std::fmin(a[0], b[0]);
  double sum[2] = {0, 0}, squares[2] = {0, 0};
  Index i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const bool from_a = j == b.size() || (i < a.size() && a[i] <= b[j]);
    const double here = from_a ? a[i] : b[j];
    const double gap = double(i) / double(a.size()) - double(j) / double(b.size());
    distance += std::fabs(gap) * (here - last);
    sign_integral += double((gap > 0) - (gap < 0)) * (here - last);
    last = here;
    sum[from_a ? 0 : 1] += sign_integral;
    squares[from_a ? 0 : 1] += sign_integral * sign_integral;
    ++(from_a ? i : j);
  }
  const auto variance = [&](int k, double size) {
    return std::fmax(0.0, squares[k] / size - std::pow(sum[k] / size, 2));
  };
  return {distance, std::sqrt(variance(0, double(a.size())) / ess_x +
                              variance(1, double(b.size())) / double(b.size()))};
}

Estimate symmetric_gaussian_kl(Draws x, Draws y) {
  const Index dimension = x.rows();
  if (std::min(x.cols(), y.cols()) < jackknife_blocks + 2 * dimension || !x.allFinite() ||
      !y.allFinite())
    return {not_a_number, not_a_number};
  const Eigen::VectorXd centre = y.rowwise().mean();
  const std::vector<Sums> of_x = sums_of_blocks(x, centre), of_y = sums_of_blocks(y, centre);
  Sums all_x(dimension), all_y(dimension);
  for (std::size_t b = 0; b < of_x.size(); ++b) {
    all_x.combine(of_x[b], 1);
    all_y.combine(of_y[b], 1);
  }
  const double whole = jeffreys(all_x, all_y), blocks = double(jackknife_blocks);
  Eigen::VectorXd without(jackknife_blocks);
  for (std::size_t b = 0; b < of_x.size(); ++b) {
    Sums p = all_x, q = all_y;
    p.combine(of_x[b], -1);
    q.combine(of_y[b], -1);
    without[Index(b)] = jeffreys(p, q);
  }
  const double mean = without.mean();
  const double variance = (blocks - 1) / blocks * (without.array() - mean).square().sum();
  return {blocks * whole - (blocks - 1) * mean, std::sqrt(variance)};
}

}  // namespace elbow
