#include "standard_normal.hpp"

namespace {

using namespace elbow;

/// Declares a simulator that it has not, and has a reference that it does not declare.
class FalseAbilities final : public wrong::StandardNormal, public Reference {
 public:
  using StandardNormal::StandardNormal;
  Reference* reference() override { return this; }
};

}  // namespace

ELBOW_PLUGIN(FalseAbilities, wrong::no_options,
             {.name = "false_abilities",
              .summary = "declares what it has not",
              .provides = Ability::density | Ability::gradient | Ability::simulator})
