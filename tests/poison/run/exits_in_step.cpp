#include <cstdlib>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    std::exit(0);
  }
};

}  // namespace

POISON(Poisoned, "exits_in_step")
