#include <optional>

#include "standard_normal.hpp"

namespace {

using namespace elbow;

/// Moments off by ten percent of a standard deviation, evidence off by 0.05 nats.
class WrongReference final : public wrong::StandardNormal, public Reference {
 public:
  using StandardNormal::StandardNormal;
  Reference* reference() override { return this; }
  std::optional<Estimate> log_evidence() const override { return Estimate{0.05, 0}; }
  std::optional<Moments> moments() const override {
    const Eigen::VectorXd zero = Eigen::VectorXd::Zero(5);
    return Moments{Eigen::VectorXd::Constant(5, 0.1), Eigen::VectorXd::Ones(5), zero, zero};
  }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override { stream.fill_normal(z); }
};

}  // namespace

ELBOW_PLUGIN(WrongReference, wrong::no_options,
             {.name = "wrong_reference",
              .summary = "moments and evidence of another distribution",
              .provides = Ability::density | Ability::gradient | Ability::reference})
