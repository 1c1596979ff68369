#include <csignal>

#include "poison.hpp"

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::raise(SIGSEGV);
  return {};
}

}  // namespace

ELBOW_PLUGIN(poison::StandardNormal, options,
             {.name = "segfaults_in_options",
              .summary = "a bad plugin of the tests",
              .provides = Ability::density})
