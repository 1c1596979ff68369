#include "standard_normal.hpp"

namespace {

using namespace elbow;

/// One percent too much in coordinate 3 of the gradient.
class WrongGradient final : public wrong::StandardNormal {
 public:
  using StandardNormal::StandardNormal;
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    StandardNormal::log_density_gradient(z, log_p, gradient);
    gradient.row(3) *= 1.01;
  }
};

}  // namespace

ELBOW_PLUGIN(WrongGradient, wrong::no_options,
             {.name = "wrong_gradient",
              .summary = "gradient off in coordinate 3",
              .provides = Ability::density | Ability::gradient})
