#include <limits>

#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal {
 public:
  using StandardNormal::StandardNormal;

  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient.setConstant(std::numeric_limits<double>::quiet_NaN());
  }
};

}  // namespace

POISON(Poisoned, "nan_gradient")
