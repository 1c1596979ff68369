#include <stdexcept>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    throw std::runtime_error("the estimator gives up in iteration 3");
  }
};

}  // namespace

POISON(Poisoned, "throws_in_step")
