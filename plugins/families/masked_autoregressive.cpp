#include <elbow/elbow.hpp>
#include <elbow/flows/flow.hpp>

namespace {

using namespace elbow;
using namespace elbow::flows;

std::vector<Option> options() {
  return flow_options(
      4, {order_option(),
          real("largest_log_scale", 5.0, "bound B of log scales, B tanh(./B), against overflow")
              .above(0)});
}

/// z_i = e_i exp(s_i) + t_i with (s_i, t_i) of the draws z_<i, layer behind layer: a density is one
/// pass, a draw D of them.
class MaskedAutoregressive final : public Flow {
 public:
  explicit MaskedAutoregressive(const FamilySetup& setup) : Flow(setup) {
    const std::vector<Index> hidden = layer_widths(setup.options.reals("hidden"));
    const double bound = setup.options.real("largest_log_scale");
    Index number = 0;
    for (const auto& order : make_orders(setup.options, dimension(), stream()))
      add(autoregressive(
          parameters(), "layer_" + std::to_string(++number), order, Conditioner::draw, hidden,
          [bound] { return affine_map(bound); }, stream()));
  }
};

}  // namespace

ELBOW_PLUGIN(MaskedAutoregressive, options,
             {.name = "masked_autoregressive",
              .summary = "flow in which coordinates follow from the draws before them; densities "
                         "are cheap, draws take D passes",
              .source = "Papamakarios, Pavlakou & Murray 2017",
              .provides = Ability::reparameterized | Ability::log_prob})
