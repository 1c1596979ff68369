#include <elbow/elbow.hpp>
#include <elbow/flows/flow.hpp>

namespace {

using namespace elbow;
using namespace elbow::flows;

std::vector<Option> options() {
  return flow_options(
      8, {split_option(), real("largest_log_scale", 5.0,
                               "bound B of a coupling's log scales, B tanh(./B), against overflow")
                              .above(0)});
}

/// Affine couplings behind each other: y_keep = x_keep, y_move = x_move exp(s(x_keep)) + t(x_keep).
class RealNvp final : public Flow {
 public:
  explicit RealNvp(const FamilySetup& setup) : Flow(setup) {
    const std::vector<Index> hidden = layer_widths(setup.options.reals("hidden"));
    const double bound = setup.options.real("largest_log_scale");
    Index number = 0;
    for (Split& split : make_splits(setup.options, dimension(), stream()))
      add(coupling(
          parameters(), "coupling_" + std::to_string(++number), std::move(split), 0, hidden,
          [bound] { return affine_map(bound); }, stream()));
  }
};

}  // namespace

ELBOW_PLUGIN(RealNvp, options,
             {.name = "real_nvp",
              .summary = "flow of affine couplings",
              .source = "Dinh, Sohl-Dickstein & Bengio 2017, eq. 4-8",
              .provides = Ability::reparameterized | Ability::log_prob})
