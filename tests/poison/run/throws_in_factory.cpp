#include <stdexcept>

#include "poison.hpp"

namespace {

struct Poisoned : poison::StandardNormal {
  explicit Poisoned(const elbow::ModelSetup& setup) : StandardNormal(setup) {
    throw std::runtime_error("the factory has no parts left");
  }
};

}  // namespace

POISON(Poisoned, "throws_in_factory")
