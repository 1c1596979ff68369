#include "random_walk.hpp"

namespace {

using namespace elbow;

/// Accepts by four fifths of the log ratio: it samples a power of the target.
class BiasedSampler final : public wrong::RandomWalk {
 public:
  using RandomWalk::RandomWalk;

 protected:
  bool accept(double log_uniform, double there, double here) const override {
    return log_uniform < 0.8 * (there - here);
  }
};

}  // namespace

ELBOW_PLUGIN(BiasedSampler, wrong::no_options,
             {.name = "biased_sampler",
              .summary = "samples a power of its target",
              .needs_of_model = Ability::density})
