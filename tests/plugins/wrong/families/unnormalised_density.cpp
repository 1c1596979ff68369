#include "mean_field.hpp"

namespace {

using namespace elbow;

/// Its densities integrate to e^0.1.
class UnnormalisedDensity final : public wrong::UnitNormal {
 public:
  using UnitNormal::UnitNormal;
  void log_prob(Draws z, VectorOut log_q) override {
    UnitNormal::log_prob(z, log_q);
    log_q.array() += 0.1;
  }
  double entropy() override { return UnitNormal::entropy() - 0.1; }
};

}  // namespace

ELBOW_PLUGIN(UnnormalisedDensity, wrong::no_options,
             {.name = "unnormalised_density",
              .summary = "densities that are 0.1 nats too large",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy})
