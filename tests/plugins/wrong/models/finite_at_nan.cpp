#include "standard_normal.hpp"

namespace {

using namespace elbow;

/// Takes a NaN for a zero.
class FiniteAtNan final : public wrong::StandardNormal {
 public:
  using StandardNormal::StandardNormal;
  void log_density(Draws z, VectorOut log_p) override {
    StandardNormal::log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s)
      if (z.col(s).hasNaN()) log_p[s] = -2.5 * log_2pi;
  }
};

}  // namespace

ELBOW_PLUGIN(FiniteAtNan, wrong::no_options,
             {.name = "finite_at_nan",
              .summary = "a finite density at NaN",
              .provides = Ability::density | Ability::gradient})
