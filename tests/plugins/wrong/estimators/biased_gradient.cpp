#include "path_gradient.hpp"

namespace {

using namespace elbow;

/// Forgets a fifth of the gradient, and calls it unbiased.
class BiasedGradient final : public wrong::PathGradient {
 public:
  using PathGradient::PathGradient;
  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    const double value = PathGradient::value_and_gradient(fit, gradients, trace);
    const Parameters& phi = fit.family->parameters();
    gradients[0].vector(BlockId<double>{0, phi.f64().size(), 1}) *= 0.8;
    return value;
  }
};

}  // namespace

ELBOW_PLUGIN(BiasedGradient, wrong::no_options,
             {.name = "biased_gradient",
              .summary = "a gradient of four fifths of its length",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density | Ability::gradient,
              .needs_of_family = Ability::reparameterized})
