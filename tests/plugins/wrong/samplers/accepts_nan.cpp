#include "random_walk.hpp"

namespace {

using namespace elbow;

/// A comparison written the wrong way round: false for NaN, so that NaN is not refused.
class AcceptsNan final : public wrong::RandomWalk {
 public:
  using RandomWalk::RandomWalk;

 protected:
  bool accept(double log_uniform, double there, double here) const override {
    return !(log_uniform >= there - here);
  }
};

}  // namespace

ELBOW_PLUGIN(AcceptsNan, wrong::no_options,
             {.name = "accepts_nan",
              .summary = "accepts a density of NaN",
              .needs_of_model = Ability::density})
