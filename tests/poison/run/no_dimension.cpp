#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal {
 public:
  using StandardNormal::StandardNormal;

  Index dimension() const override { return 0; }
  std::vector<Variable> variables() const override { return {}; }
};

}  // namespace

POISON(Poisoned, "no_dimension")
