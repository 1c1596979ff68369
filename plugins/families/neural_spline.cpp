#include <elbow/elbow.hpp>
#include <elbow/flows/flow.hpp>

namespace {

using namespace elbow;
using namespace elbow::flows;

std::vector<Option> options() {
  return flow_options(
      8, {split_option(),
          integer("bins", 8, "K of every spline; from 2 to 100").at_least(2).at_most(100),
          real("bound", 4.0, "B: splines act on [-B, B] of the base's units").above(0),
          boolean("affine", true,
                  "follow every spline by RealNVP's scale and shift, so that what lies outside of "
                  "[-B, B] is not left where it is"),
          real("largest_log_scale", 5.0, "bound of these log scales").above(0)});
}

/// Rational-quadratic couplings behind each other: y_keep = x_keep, y_move = spline(x_move;
/// x_keep).
class NeuralSpline final : public Flow {
 public:
  explicit NeuralSpline(const FamilySetup& setup) : Flow(setup) {
    const std::vector<Index> hidden = layer_widths(setup.options.reals("hidden"));
    const Index bins = setup.options.integer("bins");
    const double bound = setup.options.real("bound");
    const double largest = setup.options.real("largest_log_scale");
    const bool affine = setup.options.boolean("affine");
    const MakeMap map = [=] {
      auto spline = spline_map(bins, bound);
      return affine ? composed_map(std::move(spline), affine_map(largest)) : std::move(spline);
    };
    Index number = 0;
    for (Split& split : make_splits(setup.options, dimension(), stream()))
      add(coupling(parameters(), "coupling_" + std::to_string(++number), std::move(split), 0,
                   hidden, map, stream()));
  }
};

}  // namespace

ELBOW_PLUGIN(NeuralSpline, options,
             {.name = "neural_spline",
              .summary = "flow of couplings by rational-quadratic splines",
              .source = "Durkan, Bekasov, Murray & Papamakarios 2019",
              .provides = Ability::reparameterized | Ability::log_prob})
