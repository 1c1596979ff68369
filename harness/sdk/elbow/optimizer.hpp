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

  /// Replaces the current iterate by the estimate that the fit reports, where that is another
  /// (averaged iterates). By default it is the iterate.
  /// @param[in,out] f64, f32  the current iterate of the setup's `parameters[which]`
  virtual void estimate(Index which, VectorOut f64, Eigen::Ref<Eigen::VectorXf> f32) const {
    static_cast<void>(which), static_cast<void>(f64), static_cast<void>(f32);
  }

  /// The step size of the most recent step, for the trace; NaN where there is none.
  virtual double step_size() const = 0;
};

}  // namespace elbow
