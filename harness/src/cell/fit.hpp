#pragma once

#include <elbow/math.hpp>

#include "cell/clock.hpp"
#include "cell/evaluate_fit.hpp"
#include "cell/fit_snapshots.hpp"
#include "cell/ingredients.hpp"
#include "cell/stop_signal.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// How a fit went.
struct FitResult {
  Outcome outcome;
  ElboEstimate start;  ///< of the family as it was made
  Index iterations = 0;
  double rhat = 0;  ///< of the iterates' later half; NaN without trained parameters
  Metric objective;
  /// Of the steps' importance weights, mean over the last hundred or so; NaN without weights.
  double effective_draws = not_a_number;
};

/// Improves the fit until a stop rule holds. Records the trace of every iteration (group
/// `vi_trace`), and at iterations 1, 2, 5, 10, 20, 50, ... an ELBO from draws that were not used to
/// fit (group `vi_checkpoints`). At the end the parameters are the optimizer's estimate. Goes on
/// from the snapshot of a fit that was interrupted, where there is one.
FitResult run_fit(Ingredients& cell, const SnapshotPlan& snapshot_plan, CellWriter& writer,
                  MethodClock& clock, StopSignal& stop);

}  // namespace elbow
