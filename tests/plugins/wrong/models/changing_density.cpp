#include "standard_normal.hpp"

namespace {

using namespace elbow;

/// Every call gives a slightly other value.
class ChangingDensity final : public wrong::StandardNormal {
 public:
  using StandardNormal::StandardNormal;
  void log_density(Draws z, VectorOut log_p) override {
    StandardNormal::log_density(z, log_p);
    log_p.array() += 1e-9 * double(++calls_);
  }

 private:
  int calls_ = 0;
};

}  // namespace

ELBOW_PLUGIN(ChangingDensity, wrong::no_options,
             {.name = "changing_density",
              .summary = "another value in every call",
              .provides = Ability::density | Ability::gradient})
