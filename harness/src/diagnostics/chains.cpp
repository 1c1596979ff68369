#include "diagnostics/chains.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>
#include <limits>
#include <numeric>
#include <vector>

namespace elbow {

namespace {

/// The mean of two numbers, rounded once: equal distances to it stay ties when they are ranked.
double midpoint(double a, double b) { return double((static_cast<long double>(a) + b) / 2); }

double median(Draws x) {
  if (x.size() == 0 || x.hasNaN()) return not_a_number;
  std::vector<double> values(std::size_t(x.size()));
  Eigen::Map<Eigen::MatrixXd>(values.data(), x.rows(), x.cols()) = x;
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return midpoint(*std::max_element(values.begin(), middle), *middle);
}

}  // namespace

Eigen::MatrixXd split_chains(Draws x) {
  const Index n = x.rows(), half = n / 2;
  if (n == 1) return x;
  Eigen::MatrixXd halves(half, 2 * x.cols());
  halves.leftCols(x.cols()) = x.topRows(half);
  halves.rightCols(x.cols()) = x.bottomRows(half);
  return halves;
}

Eigen::MatrixXd rank_normalise(Draws x) {
  Eigen::MatrixXd z(x.rows(), x.cols());
  if (x.hasNaN()) {
    z.setConstant(not_a_number);
    return z;
  }
  struct Ranked {
    double value;
    Index position;
  };
  std::vector<Ranked> order(std::size_t(x.size()));
  for (Index c = 0, i = 0; c < x.cols(); ++c)
    for (Index r = 0; r < x.rows(); ++r, ++i) order[std::size_t(i)] = {x(r, c), i};
  std::sort(order.begin(), order.end(),
            [](const Ranked& a, const Ranked& b) { return a.value < b.value; });
  const double size = double(order.size());
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    for (last = first + 1; last < order.size() && order[last].value == order[first].value;) ++last;
    const double rank = (double(first + 1) + double(last)) / 2;
    const double score = inverse_normal_cdf((rank - 0.375) / (size + 0.25));
    for (std::size_t i = first; i < last; ++i) z.data()[order[i].position] = score;
  }
  return z;
}

double quantile(Draws x, double p) {
  if (x.size() == 0 || x.hasNaN()) return not_a_number;
  Eigen::VectorXd values = x.reshaped();
  const double index = double(values.size() - 1) * p;
  // Partial sorting: the two order statistics around the quantile are enough.
  const auto low = values.begin() + Index(index);
  std::nth_element(values.begin(), low, values.end());
  const double weight = index - std::floor(index);
  if (weight == 0) return *low;
  const double next = *std::min_element(low + 1, values.end());
  // Equal neighbours are not interpolated, so that infinities stay infinite.
  return *low == next ? *low : (1 - weight) * *low + weight * next;
}

double sorted_quantile(Vector sorted, double p) {
  const double index = double(sorted.size() - 1) * p;
  const Index low = Index(index);
  const double weight = index - std::floor(index);
  if (weight == 0 || sorted[low] == sorted[low + 1]) return sorted[low];
  return (1 - weight) * sorted[low] + weight * sorted[low + 1];
}

Eigen::RowVectorXd chain_means(Draws x) {
  const Eigen::RowVectorXd first = x.colwise().mean();
  return first + (x.rowwise() - first).colwise().mean();
}

Eigen::MatrixXd from_first(Draws x) { return x.array() - x(0, 0); }

Eigen::MatrixXd fold(Draws x) { return (x.array() - median(x)).abs(); }

bool without_variation(Draws x) {
  if (x.size() == 0 || !x.allFinite()) return true;
  return x.maxCoeff() - x.minCoeff() < std::numeric_limits<double>::epsilon();
}

}  // namespace elbow
