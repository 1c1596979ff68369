#include <cstring>
#include <list>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::Idle {
 public:
  using Idle::Idle;

  Progress step(Fit& fit, VectorOut trace) override {
    if (fit.iteration < 3) return Idle::step(fit, trace);
    constexpr std::size_t block = 16 << 20;
    for (std::list<std::vector<char>> all;;) std::memset(all.emplace_back(block).data(), 1, block);
  }
};

}  // namespace

POISON(Poisoned, "allocates_without_end")
