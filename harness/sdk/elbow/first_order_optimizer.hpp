#pragma once

#include <elbow/iterate_average.hpp>
#include <elbow/optimizer.hpp>
#include <elbow/step_size.hpp>
#include <limits>
#include <vector>

namespace elbow {

/// What optimizers that follow a gradient share: the step-size schedule, the optional bound on the
/// gradient's norm, and the average of the iterates. A method adds its rule of how to move.
class FirstOrderOptimizer : public Optimizer {
 public:
  /// `own`, then the shared options, `learning_rate` with this default.
  static std::vector<Option> options(double learning_rate, std::vector<Option> own);

  explicit FirstOrderOptimizer(const OptimizerSetup& setup);

  void step(std::span<const Gradient* const> gradients) final;
  void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                Eigen::Ref<Eigen::VectorXf> f32) const final {
    average_.estimate(which, f64, f32);
  }
  bool lower_step_size(double factor) final;
  bool state(StateArchive& archive) final;
  double step_size() const final { return step_size_; }

 protected:
  /// Called before the `move`s of one step. @param t  the step, from 1 as papers count
  virtual void begin_step(Index t) { static_cast<void>(t); }
  /// Moves one of the setup's `parameters` uphill.
  /// @param scale  multiplies the gradient; below 1 when its norm is over `clip_norm`
  virtual void move(Index which, Parameters& parameters, const Gradient& gradient, double scale,
                    double step_size) = 0;
  /// The method's part of `state`: its moments, momenta, sums.
  virtual bool own_state(StateArchive& archive) {
    static_cast<void>(archive);
    return false;
  }

 private:
  std::vector<Parameters*> parameters_;
  StepSizeSchedule schedule_;
  IterateAverage average_;
  double clip_norm_;    ///< infinite when gradients are not clipped
  double lowered_ = 1;  ///< product of the factors given to lower_step_size
  Index steps_ = 0;
  double step_size_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace elbow
