#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return FirstOrderOptimizer::options(
      0.05,
      {real("decay", 0.9, "rho, of the squared gradients' mean").at_least(0).below(1),
       real("momentum", 0.0, "mu in v <- mu v + scaled g, x <- x + eta v").at_least(0).below(1),
       real("epsilon", 1e-8, "added to the root of the squared gradients' mean").above(0)});
}

/// m is a running mean of the squared gradient: x += eta g / (sqrt(m) + epsilon).
class RmsProp final : public FirstOrderOptimizer {
 public:
  explicit RmsProp(const OptimizerSetup& setup)
      : FirstOrderOptimizer(setup),
        decay_(setup.options.real("decay")),
        momentum_(setup.options.real("momentum")),
        epsilon_(setup.options.real("epsilon")) {
    for (const Parameters* parameters : setup.parameters) {
      squares_.emplace_back(*parameters);
      velocity_.emplace_back(*parameters);
    }
  }

 private:
  bool own_state(StateArchive& archive) override {
    archive(squares_, velocity_);
    return true;
  }

  void move(Index which, Parameters& x, const Gradient& g, double scale, double eta) override {
    Gradient &m = squares_[std::size_t(which)], &v = velocity_[std::size_t(which)];
    update(x.f64(), g.f64(), m.f64(), v.f64(), scale, eta);
    update(x.f32(), g.f32(), m.f32(), v.f32(), float(scale), float(eta));
  }

  template <class Column, class T>
  void update(Column x, const auto& g, Column m, Column v, T scale, T eta) {
    m = T(decay_) * m + T(1 - decay_) * (scale * g).cwiseAbs2();
    v.array() = T(momentum_) * v.array() + scale * g.array() / (m.array().sqrt() + T(epsilon_));
    x += eta * v;
  }

  double decay_, momentum_, epsilon_;
  std::vector<Gradient> squares_, velocity_;
};

}  // namespace

ELBOW_PLUGIN(RmsProp, options,
             {.name = "rmsprop",
              .summary = "steps over the root of a running mean of squared gradients",
              .source = "Tieleman & Hinton 2012, lecture 6.5"})
