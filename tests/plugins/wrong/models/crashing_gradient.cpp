#include <cstdlib>

#include "standard_normal.hpp"

namespace {

using namespace elbow;

/// Takes the process down when a gradient is asked for.
class CrashingGradient final : public wrong::StandardNormal {
 public:
  using StandardNormal::StandardNormal;
  void log_density_gradient(Draws, VectorOut, DrawsOut) override { std::abort(); }
};

}  // namespace

ELBOW_PLUGIN(CrashingGradient, wrong::no_options,
             {.name = "crashing_gradient",
              .summary = "aborts in the gradient",
              .provides = Ability::density | Ability::gradient})
