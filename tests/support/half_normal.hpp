#pragma once

#include <elbow/elbow.hpp>

namespace elbow::test {

/// |x| of a standard normal x in one dimension: zero left of the origin.
class HalfNormal final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = z(0, s) < 0 ? -INFINITY : std::log(2) + log_normal(z(0, s), 0, 1);
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) gradient(0, s) = z(0, s) < 0 ? 0 : -z(0, s);
  }
};

}  // namespace elbow::test
