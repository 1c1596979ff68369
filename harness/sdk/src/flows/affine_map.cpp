#include <cmath>
#include <elbow/flows/scalar_map.hpp>

namespace elbow::flows {
namespace {

class AffineMap final : public ScalarMap {
 public:
  explicit AffineMap(double bound) : bound_(bound) {}

  Index parameters() const override { return 2; }

  void reserve(Index coordinates, Index draws) override {
    if (x_.rows() == coordinates && x_.cols() >= draws) return;
    for (Eigen::MatrixXd* block : {&x_, &log_scale_, &factor_}) block->resize(coordinates, draws);
  }

  void apply(Way way, Draws p, DrawsOut x, VectorOut log_determinant) override {
    const Index draws = x.cols();
    const auto shift = p.bottomRows(x.rows());
    auto s = log_scale_.leftCols(draws).array();
    auto factor = factor_.leftCols(draws).array();
    // B tanh(. / B) by exp, which Eigen vectorises.
    s = bound_ - 2 * bound_ / ((2 / bound_ * p.topRows(x.rows()).array()).exp() + 1);
    if (way == Way::up) {
      factor = s.exp();
      x_.leftCols(draws) = x;
      x.array() = x.array() * factor + shift.array();
    } else {
      factor = (-s).exp();
      x.array() = (x - shift).array() * factor;
      x_.leftCols(draws) = x;
    }
    if (log_determinant.size() > 0) log_determinant += s.matrix().colwise().sum().transpose();
  }

  void pull_back(Way way, Draws, DrawsOut g, Vector weight, DrawsOut g_p) override {
    const Index draws = g.cols(), coordinates = g.rows();
    const auto x = x_.leftCols(draws).array();
    const auto slope = 1 - (log_scale_.leftCols(draws).array() / bound_).square();
    auto to_log_scale = g_p.topRows(coordinates);
    auto to_shift = g_p.bottomRows(coordinates);
    if (way == Way::up) {
      to_shift = g;
      g.array() *= factor_.leftCols(draws).array();
      to_log_scale.array() = g.array() * x;
    } else {
      to_log_scale.array() = -g.array() * x;
      g.array() *= factor_.leftCols(draws).array();
      to_shift = -g;
    }
    if (weight.size() > 0) to_log_scale.rowwise() += weight.transpose();
    to_log_scale.array() *= slope;
  }

 private:
  double bound_;
  Eigen::MatrixXd x_, log_scale_, factor_;  ///< [M x S]  factor: exp(s) up, exp(-s) down
};

/// The numbers of the first map are the upper rows of p.
class ComposedMap final : public ScalarMap {
 public:
  ComposedMap(std::unique_ptr<ScalarMap> first, std::unique_ptr<ScalarMap> second)
      : maps_{std::move(first), std::move(second)} {}

  Index parameters() const override { return maps_[0]->parameters() + maps_[1]->parameters(); }
  void reserve(Index coordinates, Index draws) override {
    for (const auto& map : maps_) map->reserve(coordinates, draws);
  }
  void apply(Way way, Draws p, DrawsOut x, VectorOut log_determinant) override {
    const Index upper = x.rows() * maps_[0]->parameters(), lower = p.rows() - upper;
    if (way == Way::up) maps_[0]->apply(way, p.topRows(upper), x, log_determinant);
    maps_[1]->apply(way, p.bottomRows(lower), x, log_determinant);
    if (way == Way::down) maps_[0]->apply(way, p.topRows(upper), x, log_determinant);
  }
  void pull_back(Way way, Draws p, DrawsOut g, Vector weight, DrawsOut g_p) override {
    const Index upper = g.rows() * maps_[0]->parameters(), lower = p.rows() - upper;
    const auto first = [&] {
      maps_[0]->pull_back(way, p.topRows(upper), g, weight, g_p.topRows(upper));
    };
    if (way == Way::down) first();
    maps_[1]->pull_back(way, p.bottomRows(lower), g, weight, g_p.bottomRows(lower));
    if (way == Way::up) first();
  }

 private:
  std::unique_ptr<ScalarMap> maps_[2];
};

}  // namespace

std::unique_ptr<ScalarMap> affine_map(double largest_log_scale) {
  return std::make_unique<AffineMap>(largest_log_scale);
}

std::unique_ptr<ScalarMap> composed_map(std::unique_ptr<ScalarMap> first,
                                        std::unique_ptr<ScalarMap> second) {
  return std::make_unique<ComposedMap>(std::move(first), std::move(second));
}

}  // namespace elbow::flows
