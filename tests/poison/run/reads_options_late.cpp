#include "poison.hpp"

namespace {

using namespace elbow;

std::vector<Option> options() { return {real("scale", 1.0, "is asked for at the first draw")}; }

/// Odd rather than bad: it keeps its options and asks for them when it needs them.
class Late : public poison::StandardNormal {
 public:
  explicit Late(const ModelSetup& setup) : StandardNormal(setup), options_(setup.options) {}

  void log_density(Draws z, VectorOut log_p) override {
    StandardNormal::log_density(z / options_.real("scale"), log_p);
  }

 private:
  Options options_;
};

}  // namespace

ELBOW_PLUGIN(Late, options,
             {.name = "reads_options_late",
              .summary = "a normal whose scale is read late",
              .provides = Ability::density | Ability::gradient})
