#pragma once

#include <elbow/option.hpp>
#include <elbow/parameters.hpp>
#include <elbow/state_archive.hpp>
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
  /// Whether `lower_step_size` will be called where the iterates have become stationary, so that a
  /// schedule need not decay by itself.
  bool lowered_by_host = false;
};

/// What to do with a gradient. Objectives are maximised: a step goes along the gradient.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Moves the parameters once.
  /// @param gradients  one per element of the setup's `parameters`, in that order
  virtual void step(std::span<const Gradient* const> gradients) = 0;

  /// Told before each `step` of the objective's estimate at the current iterate, nats.
  virtual void observe(double objective) { static_cast<void>(objective); }

  /// In place of `step` where the objective or a gradient is not finite.
  /// @return whether the parameters were moved elsewhere, so that the fit can go on
  virtual bool retreat() { return false; }

  /// Multiplies the sizes of all later steps, and begins the average of the iterates anew.
  /// @return false where the step size is not for others to choose; nothing has happened then
  virtual bool lower_step_size(double factor) {
    static_cast<void>(factor);
    return false;
  }

  /// Replaces the current iterate by the estimate that the fit reports, where that is another
  /// (averaged iterates). By default it is the iterate.
  /// @param[in,out] f64, f32  the current iterate of the setup's `parameters[which]`
  virtual void estimate(Index which, VectorOut f64, Eigen::Ref<Eigen::VectorXf> f32) const {
    static_cast<void>(which), static_cast<void>(f64), static_cast<void>(f32);
  }

  /// What later steps depend on besides the parameters: a long fit goes on from its last snapshot
  /// with the bits that it would have had.
  /// @return false where that cannot be; a fit that is interrupted then starts anew
  virtual bool state(StateArchive& archive) {
    static_cast<void>(archive);
    return false;
  }

  /// The step size of the most recent step, for the trace; NaN where there is none.
  virtual double step_size() const = 0;
};

}  // namespace elbow
