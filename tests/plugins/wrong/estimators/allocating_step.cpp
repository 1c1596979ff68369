#include "path_gradient.hpp"

namespace {

using namespace elbow;

/// Asks for memory in every step.
class AllocatingStep final : public wrong::PathGradient {
 public:
  using PathGradient::PathGradient;
  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    const Eigen::VectorXd copy = fit.family->parameters().f64();
    return PathGradient::value_and_gradient(fit, gradients, trace) + 0 * copy.sum();
  }
};

}  // namespace

ELBOW_PLUGIN(AllocatingStep, wrong::no_options,
             {.name = "allocating_step",
              .summary = "allocates in every step",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density | Ability::gradient,
              .needs_of_family = Ability::reparameterized})
