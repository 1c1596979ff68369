#include "mean_field.hpp"

namespace {

using namespace elbow;

/// Forgets the entropy's constant of 1/2 nat per dimension.
class WrongEntropy final : public wrong::UnitNormal {
 public:
  using UnitNormal::UnitNormal;
  double entropy() override { return 0.5 * double(dimension()) * log_2pi; }
};

}  // namespace

ELBOW_PLUGIN(WrongEntropy, wrong::no_options,
             {.name = "wrong_entropy",
              .summary = "an entropy without its constant",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy})
