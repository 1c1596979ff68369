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

/// z_i = e_i exp(s_i) + t_i with (s_i, t_i) of the noise e_<i, layer behind layer: a draw with its
/// density is one pass. The density of any other point is as exact, but takes D passes one after
/// the other, which is why the ability "log_prob" is not claimed.
class InverseAutoregressive final : public Flow {
 public:
  explicit InverseAutoregressive(const FamilySetup& setup) : Flow(setup) {
    const std::vector<Index> hidden = layer_widths(setup.options.reals("hidden"));
    const double bound = setup.options.real("largest_log_scale");
    Index number = 0;
    for (const auto& order : make_orders(setup.options, dimension(), stream()))
      add(autoregressive(
          parameters(), "layer_" + std::to_string(++number), order, Conditioner::noise, hidden,
          [bound] { return affine_map(bound); }, stream()));
  }
};

}  // namespace

ELBOW_PLUGIN(InverseAutoregressive, options,
             {.name = "inverse_autoregressive",
              .summary = "flow in which coordinates follow from the noise before them; draws are "
                         "cheap, densities elsewhere take D passes",
              .source = "Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling 2016",
              .provides = Ability::reparameterized})
