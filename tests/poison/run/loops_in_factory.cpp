#include <atomic>

#include "poison.hpp"

namespace {

struct Poisoned : poison::StandardNormal {
  explicit Poisoned(const elbow::ModelSetup& setup) : StandardNormal(setup) {
    for (std::atomic<long> n = 0;;) ++n;
  }
};

}  // namespace

POISON(Poisoned, "loops_in_factory")
