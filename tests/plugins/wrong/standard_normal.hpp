#pragma once

#include <elbow/elbow.hpp>

namespace elbow::wrong {

inline std::vector<Option> no_options() { return {}; }

/// N(0, I) in five dimensions, without a fault: each wrong model changes one thing of it.
class StandardNormal : public Model, public Density {
 public:
  explicit StandardNormal(const ModelSetup&) {}
  Density* density() override { return this; }
  Index dimension() const override { return 5; }
  std::vector<Variable> variables() const override { return {{"z", {5}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) log_p[s] = -0.5 * (z.col(s).squaredNorm() + 5 * log_2pi);
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    StandardNormal::log_density(z, log_p);
    gradient = -z;
  }
};

}  // namespace elbow::wrong
