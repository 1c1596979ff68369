#include "standard_normal.hpp"

namespace {

using namespace elbow;

/// The root of a number that is negative for a sixth of the draws: the NaN becomes -inf.
class HiddenNan final : public wrong::StandardNormal {
 public:
  using StandardNormal::StandardNormal;
  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    StandardNormal::log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) {
      const double root = std::sqrt(1 + z(0, s));
      log_p[s] += root;
      if (gradient.size() == 0) continue;
      gradient.col(s) = -z.col(s);
      gradient(0, s) += 0.5 / root;
    }
    mark_outside_support(z, log_p, gradient);
  }
};

}  // namespace

ELBOW_PLUGIN(HiddenNan, wrong::no_options,
             {.name = "hidden_nan",
              .summary = "a NaN in the midst of the support, given as -inf",
              .provides = Ability::density | Ability::gradient})
