#pragma once

#include "check/suites.hpp"

namespace elbow::check {

/// A model with its density and some points at which the density is finite.
struct DensityBench {
  Made<Model> model;
  Density& density;
  Eigen::MatrixXd z;  ///< [D x S], S >= 2
};

/// Standard normal points, and exact draws where the model has a sampler, or points {0, 1}^D for a
/// discrete model. @throws Error when the density is finite at fewer than two of them.
DensityBench density_bench(const Subject& subject);

/// log_density of the points, in a call of its own. [S]
Eigen::VectorXd log_density(Density& density, Draws z);

struct ValueAndGradient {
  Eigen::VectorXd value;     ///< [S]
  Eigen::MatrixXd gradient;  ///< [D x S]
};
ValueAndGradient log_density_gradient(Density& density, Draws z);

}  // namespace elbow::check
