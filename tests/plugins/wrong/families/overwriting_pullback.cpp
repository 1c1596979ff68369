#include "mean_field.hpp"

namespace {

using namespace elbow;

/// Its pull-back sets the gradient instead of adding to it.
class OverwritingPullback final : public wrong::UnitNormal {
 public:
  using UnitNormal::UnitNormal;
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    phi.vector(mean_).setZero();
    UnitNormal::sample_pullback(g_z, g_log_q, phi);
  }
};

}  // namespace

ELBOW_PLUGIN(OverwritingPullback, wrong::no_options,
             {.name = "overwriting_pullback",
              .summary = "a pull-back that does not add",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy})
