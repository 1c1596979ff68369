#pragma once

#include <elbow/option.hpp>
#include <elbow/parameters.hpp>
#include <span>

namespace elbow {

/// What an optimizer is made from.
struct OptimizerSetup {
  const Options& options;
  /// The parameters it will move, with their sizes final: those of a family, those of a model, or
  /// both. They outlive the optimizer.
  std::span<Parameters* const> parameters;
  /// The budget in iterations, for schedules; 0 when the fit is not limited by iterations.
  Index iterations;
};

/// What to do with a gradient. Objectives are maximised: a step goes along the gradient.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Moves the parameters once.
  /// @param gradients  one per element of the setup's `parameters`, in that order
  virtual void step(std::span<const Gradient* const> gradients) = 0;

  /// The estimate that the fit reports, where it is not the current iterate (averaged iterates):
  /// written into `out`, which has the layout of the setup's `parameters[which]`. The default
  /// copies the current iterate.
  virtual void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                        Eigen::Ref<Eigen::VectorXf> f32) const = 0;

  /// The step size of the most recent step, for the trace; NaN where there is none.
  virtual double step_size() const = 0;
};

}  // namespace elbow
