#pragma once

#include <elbow/option.hpp>
#include <vector>

namespace elbow {

/// The size of an optimizer's step t = 0, 1, ... under a budget of T iterations, with the learning
/// rate eta. During the first W = `warmup_iterations` steps it is multiplied by (t + 1) / W.
///
///     constant     eta
///     polynomial   eta (t + tau)^-kappa          Robbins & Monro 1951; Hoffman et al. 2013, eq. 26
///     linear       eta (1 - t / T)
///     cosine       eta (1 + cos(pi t / T)) / 2   Loshchilov & Hutter 2017, eq. 5
///     automatic    constant where the host lowers it; else cosine where the budget is known, and
///                  polynomial where it is not
class StepSizeSchedule {
 public:
  /// `learning_rate` with this default, `schedule`, `decay_exponent` (kappa), `decay_offset` (tau)
  /// and `warmup_iterations`, for a plugin's option table.
  static std::vector<Option> options(double learning_rate);

  /// @param iterations  T, or 0 when there is no budget in iterations
  /// @param lowered_by_host  as in OptimizerSetup
  /// @throws OptionError when `linear` or `cosine` is asked for without such a budget.
  StepSizeSchedule(const Options& options, Index iterations, bool lowered_by_host = false);

  /// @param t  from 0; from T on, the linear and cosine schedules stay at 0
  double operator()(Index t) const;

 private:
  enum class Shape { constant, polynomial, linear, cosine };
  Shape shape_;
  double learning_rate_, exponent_, offset_;
  Index warmup_, iterations_;
};

}  // namespace elbow
