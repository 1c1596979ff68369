#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal {
 public:
  using StandardNormal::StandardNormal;

  Density* density() override { return nullptr; }
};

}  // namespace

POISON(Poisoned, "no_density")
