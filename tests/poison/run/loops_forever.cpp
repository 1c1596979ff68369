#include <atomic>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    for (std::atomic<long> n = 0;;) ++n;
  }
};

}  // namespace

POISON(Poisoned, "loops_forever")
