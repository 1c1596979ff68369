#include <cmath>
#include <elbow/flows/scalar_map.hpp>
#include <vector>

namespace elbow::flows {
namespace {

// Of the box for widths and heights, and of slopes at the knots: Durkan et al. 2019, appendix B.1.
constexpr double least_share = 1e-3, least_slope = 1e-3;

/// One bin: from (x, y), width by height, with slopes d0 and d1 at its ends.
struct Bin {
  double x, width, y, height, d0, d1;
};

/// log dy/dx and the place theta of x in its bin.
struct Value {
  double result, log_slope, theta;
};

/// Partial derivatives of y and of log dy/dx at fixed place theta, and by the place.
struct Partials {
  double ratio;  ///< (y - y_k) / height
  double y_theta, y_s, y_d0, y_d1;
  double l_theta, l_s, l_d0, l_d1;
};

// With s = h / w, a = theta (1 - theta), c = d0 + d1 - 2 s, N = s theta^2 + d0 a, Q = s + c a and
// M = d1 theta^2 + 2 s a + d0 (1 - theta)^2: y = y_k + h N / Q, dy/dx = s^2 M / Q^2.
double log_slope_at(const Bin& bin, double theta) {
  const double s = bin.height / bin.width, a = theta * (1 - theta), other = 1 - theta;
  const double q = s + (bin.d0 + bin.d1 - 2 * s) * a;
  const double m = bin.d1 * theta * theta + 2 * s * a + bin.d0 * other * other;
  return std::log(m * (s / q) * (s / q));
}

Value up(const Bin& bin, double x) {
  const double s = bin.height / bin.width, theta = (x - bin.x) / bin.width;
  const double a = theta * (1 - theta);
  const double n = s * theta * theta + bin.d0 * a, q = s + (bin.d0 + bin.d1 - 2 * s) * a;
  return {bin.y + bin.height * n / q, log_slope_at(bin, theta), theta};
}

/// Eq. 6-8: the root of a quadratic equation in theta, written without cancellation.
Value down(const Bin& bin, double y) {
  const double s = bin.height / bin.width, rise = y - bin.y, c = bin.d0 + bin.d1 - 2 * s;
  const double square = bin.height * (s - bin.d0) + rise * c;
  const double linear = bin.height * bin.d0 - rise * c, constant = -s * rise;
  const double root = std::sqrt(std::fmax(0.0, linear * linear - 4 * square * constant));
  const double theta = rise == 0 ? 0 : 2 * constant / (-linear - root);
  return {bin.x + theta * bin.width, log_slope_at(bin, theta), theta};
}

Partials partials(const Bin& bin, double theta) {
  const double s = bin.height / bin.width, other = 1 - theta, a = theta * other;
  const double b = 1 - 2 * theta, c = bin.d0 + bin.d1 - 2 * s;
  const double n = s * theta * theta + bin.d0 * a, q = s + c * a;
  const double m = bin.d1 * theta * theta + 2 * s * a + bin.d0 * other * other;
  const double m_theta = 2 * (bin.d1 * theta + s * b - bin.d0 * other);
  const double ratio = n / q, h = bin.height / q;
  return {ratio,
          h * (2 * s * theta + bin.d0 * b - ratio * c * b),
          h * (theta * theta - ratio * (1 - 2 * a)),
          h * (a - ratio * a),
          -h * ratio * a,
          m_theta / m - 2 * c * b / q,
          2 / s + 2 * a / m - 2 * (1 - 2 * a) / q,
          other * other / m - 2 * a / q,
          theta * theta / m - 2 * a / q};
}

class SplineMap final : public ScalarMap {
 public:
  SplineMap(Index bins, double bound)
      : bins_(bins),
        bound_(bound),
        share_(1 - double(bins) * least_share),
        offset_(std::log(std::expm1(1 - least_slope))) {}

  Index parameters() const override { return 3 * bins_ - 1; }

  void reserve(Index coordinates, Index draws) override {
    if (theta_.rows() == coordinates && theta_.cols() >= draws) return;
    widths_.resize(bins_ * coordinates, draws);
    heights_.resize(bins_ * coordinates, draws);
    slopes_.resize((bins_ - 1) * coordinates, draws);
    theta_.resize(coordinates, draws);
    log_slopes_.resize(coordinates, draws);
    bin_.resize(coordinates, draws);
  }

  void apply(Way way, Draws p, DrawsOut x, VectorOut log_determinant) override {
    const Index draws = x.cols(), coordinates = x.rows(), rows = bins_ * coordinates;
    softmax(p.topRows(rows), coordinates, widths_.leftCols(draws));
    softmax(p.middleRows(rows, rows), coordinates, heights_.leftCols(draws));
    // softplus(. + offset), 1 at zero.
    auto slopes = slopes_.leftCols(draws).array();
    slopes = p.bottomRows(rows - coordinates).array() + offset_;
    slopes = least_slope + slopes.max(0.0) + ((-slopes.abs()).exp() + 1).log();
    for (Index s = 0; s < draws; ++s)
      for (Index i = 0; i < coordinates; ++i) {
        const Index k = find(way == Way::up ? widths_ : heights_, coordinates, i, s, x(i, s));
        bin_(i, s) = k;
        log_slopes_(i, s) = 0;
        if (k < 0) continue;
        const Bin bin = bin_at(coordinates, i, s, k);
        const Value value = way == Way::up ? up(bin, x(i, s)) : down(bin, x(i, s));
        x(i, s) = value.result;
        log_slopes_(i, s) = value.log_slope;
        theta_(i, s) = value.theta;
      }
    if (log_determinant.size() > 0)
      log_determinant += log_slopes_.leftCols(draws).colwise().sum().transpose();
  }

  void pull_back(Way way, Draws, DrawsOut g, Vector weight, DrawsOut g_p) override {
    const Index coordinates = g.rows();
    g_p.setZero();
    for (Index s = 0; s < g.cols(); ++s)
      for (Index i = 0; i < coordinates; ++i) {
        if (bin_(i, s) < 0) continue;
        pull_back_one(way, coordinates, i, s, g(i, s), weight.size() > 0 ? weight[s] : 0, g_p);
      }
  }

 private:
  /// Of every coordinate's numbers over its bins, as shares of the box.
  void softmax(Draws p, Index coordinates, DrawsOut out) const {
    for (Index s = 0; s < p.cols(); ++s)
      for (Index i = 0; i < coordinates; ++i) {
        double largest = p(i, s);
        for (Index j = 1; j < bins_; ++j) largest = std::max(largest, p(j * coordinates + i, s));
        for (Index j = 0; j < bins_; ++j)
          out(j * coordinates + i, s) = p(j * coordinates + i, s) - largest;
      }
    out.array() = out.array().exp();
    for (Index s = 0; s < p.cols(); ++s)
      for (Index i = 0; i < coordinates; ++i) {
        double sum = 0;
        for (Index j = 0; j < bins_; ++j) sum += out(j * coordinates + i, s);
        for (Index j = 0; j < bins_; ++j) out(j * coordinates + i, s) /= sum;
      }
  }

  double length(const Eigen::MatrixXd& shares, Index row, Index s) const {
    return 2 * bound_ * (least_share + share_ * shares(row, s));
  }

  /// The bin that a point is in; -1 outside the box, and for NaN.
  Index find(const Eigen::MatrixXd& shares, Index coordinates, Index i, Index s, double at) const {
    if (!(std::fabs(at) < bound_)) return -1;
    double end = -bound_;
    for (Index k = 0; k + 1 < bins_; ++k) {
      end += length(shares, k * coordinates + i, s);
      if (at < end) return k;
    }
    return bins_ - 1;
  }

  Bin bin_at(Index coordinates, Index i, Index s, Index k) const {
    Bin bin{-bound_, 0, -bound_, 0, 1, 1};
    for (Index j = 0; j < k; ++j) {
      bin.x += length(widths_, j * coordinates + i, s);
      bin.y += length(heights_, j * coordinates + i, s);
    }
    // The last one ends in the corner, whatever the sums were rounded to.
    const bool last = k + 1 == bins_;
    bin.width = last ? bound_ - bin.x : length(widths_, k * coordinates + i, s);
    bin.height = last ? bound_ - bin.y : length(heights_, k * coordinates + i, s);
    if (k > 0) bin.d0 = slopes_((k - 1) * coordinates + i, s);
    if (!last) bin.d1 = slopes_(k * coordinates + i, s);
    return bin;
  }

  /// Down, x(y; p) follows from y = tau(x; p): with h the gradient by y, that by p is that of
  /// weight * log tau'(x; p) - h tau(x; p) at fixed x.
  void pull_back_one(Way way, Index coordinates, Index i, Index s, double& g, double weight,
                     DrawsOut g_p) const {
    const Index k = bin_(i, s);
    const Bin bin = bin_at(coordinates, i, s, k);
    const Partials d = partials(bin, theta_(i, s));
    const double slope = bin.height / bin.width;
    double to_y = g;
    if (way == Way::down) {
      g = (g + weight * d.l_theta / bin.width) / (d.y_theta / bin.width);
      to_y = -g;
    }
    const double by_theta = to_y * d.y_theta + weight * d.l_theta;
    const double by_s = to_y * d.y_s + weight * d.l_s;
    if (way == Way::up) g = by_theta / bin.width;

    const double by_x = -by_theta / bin.width;
    const double by_width = (-by_theta * theta_(i, s) - by_s * slope) / bin.width;
    const double by_height = to_y * d.ratio + by_s / bin.width;
    to_shares(widths_, coordinates, i, s, k, by_x, by_width, 0, g_p);
    to_shares(heights_, coordinates, i, s, k, to_y, by_height, bins_ * coordinates, g_p);
    const Index first = 2 * bins_ * coordinates;
    const auto to_slope = [&](Index knot, double gradient) {
      // softplus'(x) = 1 - exp(-softplus(x))
      const Index row = knot * coordinates + i;
      g_p(first + row, s) += gradient * -std::expm1(least_slope - slopes_(row, s));
    };
    if (k > 0) to_slope(k - 1, to_y * d.y_d0 + weight * d.l_d0);
    if (k + 1 < bins_) to_slope(k, to_y * d.y_d1 + weight * d.l_d1);
  }

  /// @param by_start, by_length  of bin k, whose start is the sum of the lengths before
  void to_shares(const Eigen::MatrixXd& shares, Index coordinates, Index i, Index s, Index k,
                 double by_start, double by_length, Index first, DrawsOut g_p) const {
    const double unit = 2 * bound_ * share_;
    double mean = by_length * shares(k * coordinates + i, s);
    for (Index j = 0; j < k; ++j) mean += by_start * shares(j * coordinates + i, s);
    for (Index j = 0; j < bins_; ++j) {
      const double by = j < k ? by_start : j == k ? by_length : 0;
      g_p(first + j * coordinates + i, s) = unit * shares(j * coordinates + i, s) * (by - mean);
    }
  }

  Index bins_;
  double bound_, share_, offset_;
  Eigen::MatrixXd widths_, heights_;    ///< [K M x S]  shares, rows as in p
  Eigen::MatrixXd slopes_;              ///< [(K - 1) M x S]
  Eigen::MatrixXd theta_, log_slopes_;  ///< [M x S]
  Eigen::Matrix<Index, Eigen::Dynamic, Eigen::Dynamic> bin_;
};

}  // namespace

std::unique_ptr<ScalarMap> spline_map(Index bins, double bound) {
  return std::make_unique<SplineMap>(bins, bound);
}

}  // namespace elbow::flows
