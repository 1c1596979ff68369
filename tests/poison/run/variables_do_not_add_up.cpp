#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal {
 public:
  using StandardNormal::StandardNormal;

  std::vector<Variable> variables() const override { return {{"x", {3}, {}, ""}}; }
};

}  // namespace

POISON(Poisoned, "variables_do_not_add_up")
