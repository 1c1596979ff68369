#include <cstdio>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    std::fputs("last words of a plugin\n", stderr);
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
    return Progress::going;
  }
};

}  // namespace

POISON(Poisoned, "segfaults_in_step")
