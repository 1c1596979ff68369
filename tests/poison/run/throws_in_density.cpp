#include <stdexcept>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal {
 public:
  using StandardNormal::StandardNormal;

  void log_density(Draws, VectorOut) override {
    throw std::domain_error("the Cholesky factor does not exist");
  }
};

}  // namespace

POISON(Poisoned, "throws_in_density")
