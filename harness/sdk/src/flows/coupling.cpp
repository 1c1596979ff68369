#include <cmath>
#include <elbow/dense_network.hpp>
#include <elbow/flows/flow_layer.hpp>

namespace elbow::flows {
namespace {

class Coupling final : public FlowLayer {
 public:
  Coupling(Parameters& parameters, const std::string& name, Split split, Index features,
           const std::vector<Index>& hidden, const MakeMap& make_map, RandomStream& stream)
      : keep_(std::move(split.keep)),
        move_(std::move(split.move)),
        features_(features),
        sides_{Side{{}, make_map(), {}}, Side{{}, make_map(), {}}},
        network_(parameters, name, Index(keep_.size()) + features, layers(hidden), stream) {}

  void reserve(Index draws) override {
    for (Side& side : sides_) {
      side.map->reserve(moves(), draws);
      if (side.moved.cols() < draws) side.moved.resize(moves(), draws);
    }
  }

  void apply(Way way, Parameters& parameters, Draws features, DrawsOut x,
             VectorOut log_determinant) override {
    Side& side = sides_[std::size_t(way)];
    const Index draws = x.cols();
    network_.begin(side.pass, draws);
    auto input = side.pass.input();
    gather(keep_, x, input.topRows(keeps()));
    input.bottomRows(features_) = features;
    network_.forward(parameters, side.pass);
    auto moved = side.moved.leftCols(draws);
    gather(move_, x, moved);
    side.map->apply(way, side.pass.output(), moved, log_determinant);
    scatter(move_, moved, x);
  }

  void pull_back(Way way, Parameters& parameters, DrawsOut g, Vector weight, GradientOut phi,
                 DrawsOut g_features) override {
    Side& side = sides_[std::size_t(way)];
    auto moved = side.moved.leftCols(g.cols());
    gather(move_, g, moved);
    side.map->pull_back(way, side.pass.output(), moved, weight, side.pass.output_gradient());
    scatter(move_, moved, g);
    network_.backward(parameters, side.pass, phi);
    const auto to_input = side.pass.input_gradient();
    for (Index s = 0; s < g.cols(); ++s)
      for (Index i = 0; i < keeps(); ++i) g(keep_[std::size_t(i)], s) += to_input(i, s);
    if (features_ > 0) g_features += to_input.bottomRows(features_);
  }

 private:
  struct Side {
    DenseNetwork<double>::Pass pass;
    std::unique_ptr<ScalarMap> map;
    Eigen::MatrixXd moved;  ///< [M x S]
  };

  Index keeps() const { return Index(keep_.size()); }
  Index moves() const { return Index(move_.size()); }

  /// The last product is divided by the root of its width, so that a wider network does not answer
  /// more to a step of the same length per weight.
  std::vector<DenseLayer> layers(const std::vector<Index>& hidden) const {
    std::vector<DenseLayer> all;
    for (const Index width : hidden) all.push_back({width, Activation::tanh});
    const Index inputs = hidden.empty() ? keeps() + features_ : hidden.back();
    all.push_back({sides_[0].map->parameters() * moves(), Activation::identity, WeightStart::zero,
                   1 / std::sqrt(double(std::max<Index>(1, inputs)))});
    return all;
  }

  static void gather(const std::vector<Index>& rows, Draws from, DrawsOut to) {
    for (Index s = 0; s < to.cols(); ++s)
      for (Index i = 0; i < to.rows(); ++i) to(i, s) = from(rows[std::size_t(i)], s);
  }
  static void scatter(const std::vector<Index>& rows, Draws from, DrawsOut to) {
    for (Index s = 0; s < from.cols(); ++s)
      for (Index i = 0; i < from.rows(); ++i) to(rows[std::size_t(i)], s) = from(i, s);
  }

  std::vector<Index> keep_, move_;
  Index features_;
  Side sides_[2];  ///< by way
  DenseNetwork<double> network_;
};

}  // namespace

std::unique_ptr<FlowLayer> coupling(Parameters& parameters, const std::string& name, Split split,
                                    Index features, const std::vector<Index>& hidden,
                                    const MakeMap& make_map, RandomStream& stream) {
  return std::make_unique<Coupling>(parameters, name, std::move(split), features, hidden, make_map,
                                    stream);
}

}  // namespace elbow::flows
