#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal {
 public:
  using StandardNormal::StandardNormal;

  std::vector<Variable> variables() const override {
    return {{"x", {}, {}, ""}, {"x", {}, {}, ""}};
  }
};

}  // namespace

POISON(Poisoned, "variables_of_one_name")
