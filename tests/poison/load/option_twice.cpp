#include "poison.hpp"

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("scale", 1.0, "once"), integer("scale", 1, "and once more")};
}

}  // namespace

ELBOW_PLUGIN(poison::StandardNormal, options,
             {.name = "option_twice",
              .summary = "a bad plugin of the tests",
              .provides = Ability::density})
