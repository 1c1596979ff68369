#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return FirstOrderOptimizer::options(
      0.5, {real("epsilon", 1e-10, "added to the root of the squared gradients' sum").above(0)});
}

/// G is the sum of all squared gradients: x += eta g / (sqrt(G) + epsilon).
class AdaGrad final : public FirstOrderOptimizer {
 public:
  explicit AdaGrad(const OptimizerSetup& setup)
      : FirstOrderOptimizer(setup), epsilon_(setup.options.real("epsilon")) {
    for (const Parameters* parameters : setup.parameters) squares_.emplace_back(*parameters);
  }

 private:
  bool own_state(StateArchive& archive) override {
    archive(squares_);
    return true;
  }

  void move(Index which, Parameters& x, const Gradient& g, double scale, double eta) override {
    update(x.f64(), g.f64(), squares_[std::size_t(which)].f64(), scale, eta);
    update(x.f32(), g.f32(), squares_[std::size_t(which)].f32(), float(scale), float(eta));
  }

  template <class Column, class T>
  void update(Column x, const auto& g, Column sum, T scale, T eta) {
    sum.array() += (scale * g.array()).square();
    x.array() += eta * scale * g.array() / (sum.array().sqrt() + T(epsilon_));
  }

  double epsilon_;
  std::vector<Gradient> squares_;
};

}  // namespace

ELBOW_PLUGIN(AdaGrad, options,
             {.name = "adagrad",
              .summary = "steps over the root of the sum of squared gradients",
              .source = "Duchi, Hazan & Singer 2011, figure 1 (diagonal)"})
