#include <limits>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Still {
 public:
  using Still::Still;

  Progress transition(Transition& t) override {
    if (t.iteration % 2 == 1) t.z.setConstant(std::numeric_limits<double>::quiet_NaN());
    return Still::transition(t);
  }
};

}  // namespace

POISON(Poisoned, "nan_draws")
