#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

namespace elbow {

using Index = Eigen::Index;

/// Blocks that cross the boundary between host and plugin. One draw per column, unconstrained
/// space. Outputs are written into the caller's memory and are never resized. An output that is not
/// wanted is an empty block (see `unwanted()`), and costs nothing.
using Draws = Eigen::Ref<const Eigen::MatrixXd>;  ///< [D x S]
using DrawsOut = Eigen::Ref<Eigen::MatrixXd>;     ///< [D x S]
using Vector = Eigen::Ref<const Eigen::VectorXd>;
using VectorOut = Eigen::Ref<Eigen::VectorXd>;
using Context = Eigen::Ref<const Eigen::MatrixXf>;  ///< [C x B], one data item per column
using ContextOut = Eigen::Ref<Eigen::MatrixXf>;

/// The empty block to pass for a matrix or vector output that is not wanted.
inline Eigen::Map<Eigen::MatrixXd> unwanted() { return {nullptr, 0, 0}; }
inline Eigen::Map<Eigen::VectorXd> unwanted_vector() { return {nullptr, 0}; }

/// A named quantity of a model, in constrained space. Its elements are stored column-major.
struct Variable {
  std::string name;
  std::vector<Index> shape;       ///< empty for a scalar
  std::vector<std::string> dims;  ///< a name for every axis; empty: `<name>_dim_0`, ...
  std::string unit;               ///< empty for pure numbers

  Index size() const {
    Index n = 1;
    for (Index extent : shape) n *= extent;
    return n;
  }
};

/// Labels along a named dimension of a model's variables or data, e.g. the names of the schools.
struct Coordinate {
  std::string dim;
  std::vector<std::string> labels;
};

/// Numbers that a model was built from, for the groups `observed_data` and `constant_data`.
struct DataArray {
  Variable variable;
  Eigen::VectorXd values;  ///< column-major, `variable.size()` numbers
  bool observed = true;    ///< false: a constant (covariates, known scales)
};

/// A known number with the standard error that it is known to; 0 when exact.
struct Estimate {
  double value = 0;
  double standard_error = 0;
};

/// One named number that an estimator or a sampler reports at every step.
struct TraceField {
  std::string name;
  std::string help;
  std::string unit;  ///< empty for nats and pure numbers
};

/// How a step of an estimator or a sampler left the work.
enum class Progress {
  going,       ///< more steps may improve it
  converged,   ///< a fixed point was reached, or the population reached its target
  diverged,    ///< the objective or the iterates left every bound
  non_finite,  ///< a NaN or an infinity stopped the step; the parameters are the last finite ones
};

}  // namespace elbow
