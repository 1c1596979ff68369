#include <cmath>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {choice("shape",
                 {"normal", "flat", "slope", "ridge", "needle", "edge", "hole", "pole", "fissure",
                  "island", "wrong_gradient"},
                 "what is awkward about it")};
}

/// A standard normal in two dimensions, and what users make of it by mistake.
class Awkward final : public Model, public Density {
 public:
  explicit Awkward(const ModelSetup& setup) : shape_(setup.options.text("shape")) {}
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) {
      Eigen::Vector2d slope;
      log_p[s] = at(z(0, s), z(1, s), slope);
      if (gradient.size() > 0) gradient.col(s) = slope;
    }
  }

 private:
  double at(double x, double y, Eigen::Vector2d& slope) const {
    slope = {-x, -y};
    const double normal = -0.5 * (x * x + y * y);
    if (shape_ == "flat") {
      slope.setZero();
      return 0;
    }
    if (shape_ == "slope") {  // no integral: it grows for ever
      slope = {1, -y};
      return x - 0.5 * y * y;
    }
    if (shape_ == "ridge") {  // no integral: a prior is missing
      slope = {0, -y};
      return -0.5 * y * y;
    }
    if (shape_ == "needle") {  // a dimension as good as without variance
      slope[1] = -1e24 * (y - 1);
      return -0.5 * x * x - 0.5e24 * (y - 1) * (y - 1);
    }
    if (shape_ == "edge" && x > 0.5) {  // a support that ends, without a transform
      slope.setZero();
      return -INFINITY;
    }
    if (shape_ == "hole" && x > 0.5 && y > 0.5) {  // a number that cannot be computed
      slope.setConstant(NAN);
      return NAN;
    }
    if (shape_ == "pole") {  // +infinity at 0, no integral there
      const double r2 = x * x + y * y;
      slope = -2 * Eigen::Vector2d(x, y) / r2 - Eigen::Vector2d(x, y);
      return -std::log(r2) + normal;
    }
    if (shape_ == "fissure") {  // +infinity on a line, where the integral grows like a logarithm
      slope[0] -= 1 / x;
      return -std::log(std::fabs(x)) + normal;
    }
    if (shape_ == "island" && std::hypot(x - 1, y - 1) > 1e-3) {  // found by hardly any start
      slope.setZero();
      return -INFINITY;
    }
    if (shape_ == "wrong_gradient") slope[0] = x;
    return normal;
  }

  std::string shape_;
};

}  // namespace

ELBOW_PLUGIN(Awkward, options,
             {.name = "awkward",
              .summary = "targets that users make by mistake, for tests of samplers",
              .provides = Ability::density | Ability::gradient})
