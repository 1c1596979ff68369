#include <elbow/elbow.hpp>
#include <elbow/flows/flow.hpp>

namespace {

using namespace elbow;
using namespace elbow::flows;

std::vector<Option> options() {
  return flow_options(
      4,
      {reals("encoder", {64}, "widths of the layers from the context to what couplings see of it")
           .at_least(1),
       split_option(),
       choice("map", {"spline", "affine"},
              "of a coupling: a rational-quadratic spline, scaled and shifted; scale and shift"),
       integer("bins", 8, "K of every spline").at_least(2).at_most(100),
       real("bound", 4.0, "B: splines act on [-B, B] of the base's units").above(0),
       real("largest_log_scale", 5.0, "bound of log scales").above(0)},
      false);
}

/// q(z | c): a flow of couplings from a Gaussian, where the Gaussian's means and standard
/// deviations and all that the couplings do depend on the context through one encoder.
class AmortizedFlow final : public Flow {
 public:
  explicit AmortizedFlow(const FamilySetup& setup)
      : Flow(setup, layer_widths(setup.options.reals("encoder"))) {
    const std::vector<Index> hidden = layer_widths(setup.options.reals("hidden"));
    const Index bins = setup.options.integer("bins");
    const double bound = setup.options.real("bound");
    const double largest = setup.options.real("largest_log_scale");
    const bool spline = setup.options.text("map") == "spline";
    const MakeMap map = [=] {
      return spline ? composed_map(spline_map(bins, bound), affine_map(largest))
                    : affine_map(largest);
    };
    Index number = 0;
    for (Split& split : make_splits(setup.options, dimension(), stream()))
      add(coupling(parameters(), "coupling_" + std::to_string(++number), std::move(split),
                   features(), hidden, map, stream()));
  }
};

}  // namespace

ELBOW_PLUGIN(AmortizedFlow, options,
             {.name = "amortized_flow",
              .summary = "flow of affine or spline couplings that depends on a context",
              .source = "Winkler, Worrall, Hoogeboom & Welling 2019; Durkan et al. 2019",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::conditional})
