#include <stdexcept>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Still {
 public:
  using Still::Still;

  Progress transition(Transition& t) override {
    if (t.iteration == 3) throw std::runtime_error("the sampler gives up in transition 3");
    return Still::transition(t);
  }
};

}  // namespace

POISON(Poisoned, "throws_in_transition")
