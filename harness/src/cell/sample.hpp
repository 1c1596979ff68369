#pragma once

#include <memory>
#include <vector>

#include "cell/clock.hpp"
#include "cell/ingredients.hpp"
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
/// @param fitted  the fit that starts the chains; null: uniform on (-initial_radius,
/// initial_radius)
SampleResult run_sampler(Ingredients& cell, Model& target, Family* fitted, CellWriter& writer,
                         MethodClock& clock, StopSignal& stop);

}  // namespace elbow
