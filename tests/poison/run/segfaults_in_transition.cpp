#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Still {
 public:
  using Still::Still;

  Progress transition(Transition& t) override {
    volatile int* volatile nowhere = nullptr;
    if (t.iteration == 3) *nowhere = 1;
    return Still::transition(t);
  }
};

}  // namespace

POISON(Poisoned, "segfaults_in_transition")
