#pragma once

#include "diagnostics/psis.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// The metric pareto_k of importance weights, whose help names the threshold for their number.
/// Weights that are equal up to rounding have no tail that could be fitted: -inf, the best value.
Metric pareto_k_metric(Vector log_ratios, const Psis& smoothed);

}  // namespace elbow
