#include <atomic>

#include "path_gradient.hpp"

namespace {

using namespace elbow;

/// Never comes back from a step.
class EndlessStep final : public wrong::PathGradient {
 public:
  using PathGradient::PathGradient;
  double value_and_gradient(Fit&, std::span<const GradientOut>, VectorOut) override {
    for (std::atomic<long> n = 0;;) ++n;
  }
};

}  // namespace

ELBOW_PLUGIN(EndlessStep, wrong::no_options,
             {.name = "endless_step",
              .summary = "never comes back from a step",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density | Ability::gradient,
              .needs_of_family = Ability::reparameterized})
