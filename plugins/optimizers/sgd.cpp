#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return FirstOrderOptimizer::options(
      0.001,
      {real("momentum", 0.9, "mu in v <- mu v + g, x <- x + eta v; 0: none").at_least(0).below(1),
       boolean("nesterov", false, "look ahead: x <- x + eta (g + mu v)")});
}

class Sgd final : public FirstOrderOptimizer {
 public:
  explicit Sgd(const OptimizerSetup& setup)
      : FirstOrderOptimizer(setup),
        momentum_(setup.options.real("momentum")),
        nesterov_(setup.options.boolean("nesterov")) {
    for (const Parameters* parameters : setup.parameters) velocity_.emplace_back(*parameters);
  }

 private:
  bool own_state(StateArchive& archive) override {
    archive(velocity_);
    return true;
  }

  void move(Index which, Parameters& x, const Gradient& g, double scale, double eta) override {
    update(x.f64(), g.f64(), velocity_[which].f64(), scale, eta);
    update(x.f32(), g.f32(), velocity_[which].f32(), float(scale), float(eta));
  }

  template <class Column, class T>
  void update(Column x, const auto& g, Column v, T scale, T eta) {
    const T mu = T(momentum_);
    v = mu * v + scale * g;
    if (nesterov_)
      x += eta * (scale * g + mu * v);
    else
      x += eta * v;
  }

  double momentum_;
  bool nesterov_;
  std::vector<Gradient> velocity_;
};

}  // namespace

ELBOW_PLUGIN(Sgd, options,
             {.name = "sgd",
              .summary = "stochastic gradient ascent with momentum",
              .source = "Robbins & Monro 1951; Polyak 1964; Sutskever et al. 2013, eq. 3-4"})
