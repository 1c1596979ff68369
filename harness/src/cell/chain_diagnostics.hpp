#pragma once

#include <elbow/model.hpp>
#include <vector>

#include "cell/moments.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// rhat_max, ess_bulk_min, ess_tail_min, ess_quantile_min and the largest standard errors over the
/// variables. Constant quantities (the diagonal of a correlation matrix) are counted as
/// constant_variables and left out of the extremes; a NaN of any other variable is the extreme.
/// @param summaries  [F x C]  see draws_summary
/// @param stride     every how many draws one was kept, for the help
void add_chain_diagnostics(Draws summaries, Index stride, std::vector<Metric>& metrics);

/// Means and standard deviations with the standard errors of chains.
MomentEstimates moments_of(Draws summaries);

/// Writes a group of numbers per variable: every variable of the model as a dataset with the axes
/// (metric, *event), where `metric` has the fields' names as coordinates.
/// @param values  [F x C]
void write_per_variable(const std::string& group, const std::vector<TraceField>& fields,
                        Draws values, const std::vector<Variable>& variables, CellWriter& writer);

}  // namespace elbow
