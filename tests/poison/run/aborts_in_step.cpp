#include <cstdlib>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    std::abort();
  }
};

}  // namespace

POISON(Poisoned, "aborts_in_step")
