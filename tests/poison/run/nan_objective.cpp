#include <limits>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    trace[0] = std::numeric_limits<double>::quiet_NaN();
    return Progress::non_finite;
  }
};

}  // namespace

POISON(Poisoned, "nan_objective")
