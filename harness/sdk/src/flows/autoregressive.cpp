#include <cmath>
#include <elbow/dense_network.hpp>
#include <elbow/flows/flow_layer.hpp>

namespace elbow::flows {
namespace {

/// Masks of Germain et al. 2015, eq. 12-13: unit k of a hidden layer sees the coordinates up to the
/// m(k)-th, and the outputs of the i-th coordinate see units with m(k) < i.
std::vector<DenseLayer> masked_layers(const std::vector<Index>& order, Index parameters,
                                      const std::vector<Index>& hidden) {
  const Index dimension = Index(order.size());
  Eigen::VectorXi place(dimension), seen(dimension);  // from 1; of the units of the layer before
  for (Index i = 0; i < dimension; ++i) place[order[std::size_t(i)]] = int(i) + 1;
  seen = place;
  std::vector<DenseLayer> layers;
  for (const Index width : hidden) {
    DenseLayer layer{width, Activation::tanh};
    Eigen::VectorXi sees(width);
    for (Index k = 0; k < width; ++k) sees[k] = 1 + int(k * (dimension - 1) / width);
    layer.mask.resize(width, seen.size());
    for (Index j = 0; j < seen.size(); ++j)
      for (Index k = 0; k < width; ++k) layer.mask(k, j) = sees[k] >= seen[j];
    seen = sees;
    layers.push_back(std::move(layer));
  }
  DenseLayer last{parameters * dimension, Activation::identity, WeightStart::zero,
                  1 / std::sqrt(double(seen.size()))};
  last.mask.resize(last.outputs, seen.size());
  for (Index j = 0; j < seen.size(); ++j)
    for (Index row = 0; row < last.outputs; ++row)
      last.mask(row, j) = place[row % dimension] > seen[j];
  layers.push_back(std::move(last));
  return layers;
}

class Autoregressive final : public FlowLayer {
 public:
  Autoregressive(Parameters& parameters, const std::string& name, const std::vector<Index>& order,
                 Conditioner conditioner, const std::vector<Index>& hidden, const MakeMap& make_map,
                 RandomStream& stream)
      : one_pass_(conditioner == Conditioner::noise ? Way::up : Way::down),
        sides_{Side{{}, make_map()}, Side{{}, make_map()}},
        network_(parameters, name, Index(order.size()),
                 masked_layers(order, sides_[0].map->parameters(), hidden), stream) {}

  void reserve(Index draws) override {
    for (Side& side : sides_) side.map->reserve(network_.inputs(), draws);
    if (log_determinant_.size() >= draws) return;
    given_.resize(network_.inputs(), draws);
    next_.resize(network_.inputs(), draws);
    log_determinant_.resize(draws);
  }

  void apply(Way way, Parameters& parameters, Draws, DrawsOut x,
             VectorOut log_determinant) override {
    Side& side = sides_[std::size_t(way)];
    network_.begin(side.pass, x.cols());
    if (way == one_pass_) {
      side.pass.input() = x;
      network_.forward(parameters, side.pass);
      side.map->apply(way, side.pass.output(), x, log_determinant);
      return;
    }
    auto given = given_.leftCols(x.cols()), next = next_.leftCols(x.cols());
    auto added = log_determinant_.head(log_determinant.size());
    given = x;
    for (Index pass = 0; pass < x.rows(); ++pass) {
      side.pass.input() = x;
      network_.forward(parameters, side.pass);
      next = given;
      added.setZero();
      side.map->apply(way, side.pass.output(), next, added);
      const bool settled = next == x;
      x = next;
      if (settled) break;
    }
    log_determinant += added;
  }

  /// The other way, x is a fixed point of x = S(y; p(x)), so that the whole gradient G by x is one
  /// of G = g + (dp/dx)^T g_p with g_p of S's pull-back of G, nilpotent like the way itself.
  void pull_back(Way way, Parameters& parameters, DrawsOut g, Vector weight, GradientOut phi,
                 DrawsOut) override {
    Side& side = sides_[std::size_t(way)];
    if (way == one_pass_) {
      side.map->pull_back(way, side.pass.output(), g, weight, side.pass.output_gradient());
      network_.backward(parameters, side.pass, phi);
      g += side.pass.input_gradient();
      return;
    }
    auto given = given_.leftCols(g.cols()), all = next_.leftCols(g.cols());
    given = all = g;
    for (Index pass = 0; pass < g.rows(); ++pass) {
      g = all;
      side.map->pull_back(way, side.pass.output(), g, weight, side.pass.output_gradient());
      network_.backward(parameters, side.pass, {});
      const bool settled = all == given + side.pass.input_gradient();
      all = given + side.pass.input_gradient();
      if (settled) break;
    }
    g = all;
    side.map->pull_back(way, side.pass.output(), g, weight, side.pass.output_gradient());
    if (phi) network_.backward(parameters, side.pass, phi, false);
  }

 private:
  struct Side {
    DenseNetwork<double>::Pass pass;
    std::unique_ptr<ScalarMap> map;
  };

  Way one_pass_;
  Side sides_[2];  ///< by way
  DenseNetwork<double> network_;
  Eigen::MatrixXd given_, next_;     ///< [D x S]
  Eigen::VectorXd log_determinant_;  ///< [S]
};

}  // namespace

std::unique_ptr<FlowLayer> autoregressive(Parameters& parameters, const std::string& name,
                                          const std::vector<Index>& order, Conditioner conditioner,
                                          const std::vector<Index>& hidden, const MakeMap& make_map,
                                          RandomStream& stream) {
  return std::make_unique<Autoregressive>(parameters, name, order, conditioner, hidden, make_map,
                                          stream);
}

}  // namespace elbow::flows
