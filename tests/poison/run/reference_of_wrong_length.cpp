#include "poison.hpp"

namespace {

using namespace elbow;

class Poisoned : public poison::StandardNormal, public Reference {
 public:
  using StandardNormal::StandardNormal;

  Reference* reference() override { return this; }
  std::optional<Moments> moments() const override {
    const Eigen::VectorXd three = Eigen::VectorXd::Ones(3);
    return Moments{three, three, three, three};
  }
};

}  // namespace

ELBOW_PLUGIN(Poisoned, poison::no_options,
             {.name = "reference_of_wrong_length",
              .summary = "a bad plugin of the tests",
              .provides = Ability::density | Ability::gradient | Ability::reference})
