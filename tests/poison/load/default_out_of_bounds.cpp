#include "poison.hpp"

namespace {

using namespace elbow;

std::vector<Option> options() { return {real("scale", -1.0, "must be positive").above(0)}; }

}  // namespace

ELBOW_PLUGIN(poison::StandardNormal, options,
             {.name = "default_out_of_bounds",
              .summary = "a bad plugin of the tests",
              .provides = Ability::density})
