#pragma once

#include <cmath>
#include <elbow/elbow.hpp>

namespace elbow::test {

/// exp(-z^4 / 4), whose leapfrog is not linear. Counts the columns whose gradient was asked for.
class QuarticTarget final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_p = -0.25 * z.row(0).array().pow(4).transpose();
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    columns += z.cols();
    log_density(z, log_p);
    gradient = -z.array().cube();
  }
  Index columns = 0;
};

}  // namespace elbow::test
