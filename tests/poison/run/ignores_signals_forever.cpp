#include <csignal>
#include <ctime>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    std::signal(SIGTERM, SIG_IGN);
    const timespec short_while{0, 1000000};
    while (true) nanosleep(&short_while, nullptr);
  }
};

}  // namespace

POISON(Poisoned, "ignores_signals_forever")
