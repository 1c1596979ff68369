#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() { return FirstOrderOptimizer::options(0.01, {}); }

/// Momentum whose velocity is not in its state, so that a resumed fit starts from rest.
class ForgottenVelocity final : public FirstOrderOptimizer {
 public:
  explicit ForgottenVelocity(const OptimizerSetup& setup) : FirstOrderOptimizer(setup) {
    for (const Parameters* parameters : setup.parameters) velocity_.emplace_back(*parameters);
  }

 private:
  bool own_state(StateArchive&) override { return true; }

  void move(Index which, Parameters& x, const Gradient& g, double scale, double eta) override {
    Gradient& v = velocity_[std::size_t(which)];
    v.f64() = 0.5 * v.f64() + scale * g.f64();
    v.f32() = 0.5f * v.f32() + float(scale) * g.f32();
    x.f64() += eta * v.f64();
    x.f32() += float(eta) * v.f32();
  }

  std::vector<Gradient> velocity_;
};

}  // namespace

ELBOW_PLUGIN(ForgottenVelocity, options,
             {.name = "forgotten_velocity", .summary = "momentum that forgets itself when saved"})
