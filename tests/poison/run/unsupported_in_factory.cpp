#include "poison.hpp"

namespace {

struct Poisoned : poison::Idle {
  explicit Poisoned(const elbow::EstimatorSetup& setup) : Idle(setup) {
    throw elbow::Unsupported("needs a target of three dimensions");
  }
};

}  // namespace

POISON(Poisoned, "unsupported_in_factory")
