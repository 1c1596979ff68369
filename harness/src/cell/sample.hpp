#pragma once

#include <memory>
#include <vector>

#include "cell/clock.hpp"
#include "cell/ingredients.hpp"
#include "cell/processors.hpp"
#include "cell/sampling_target.hpp"
#include "cell/stop_signal.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

struct SampleResult {
  Outcome outcome;
  std::vector<Metric> metrics;
};

/// Runs the method's sampler on a target, streams its draws to the file and measures them: R-hat,
/// bulk and tail effective sample size, errors of moments against a Reference, divergences; for
/// population methods the log evidence.
/// @param target  the counted model, or a surrogate learnt by the fit
/// @param fitted  what the method's option `fit` is about, see SamplingTarget; none without a fit
SampleResult run_sampler(Ingredients& cell, Model& target, FittedApproximation fitted,
                         CellWriter& writer, MethodClock& clock, StopSignal& stop,
                         const Processors& processors);

}  // namespace elbow
