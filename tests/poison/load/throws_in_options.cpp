#include <stdexcept>

#include "poison.hpp"

namespace {

using namespace elbow;

std::vector<Option> options() { throw std::runtime_error("no options today"); }

}  // namespace

ELBOW_PLUGIN(poison::StandardNormal, options,
             {.name = "throws_in_options",
              .summary = "a bad plugin of the tests",
              .provides = Ability::density})
