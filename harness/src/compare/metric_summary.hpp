#pragma once

#include <elbow/types.hpp>
#include <vector>

namespace elbow {

/// Where a standard error comes from.
enum class ErrorSource {
  none,        ///< one replicate, whose metric has no Monte-Carlo error
  replicates,  ///< the scatter of two or more replicates: sd / sqrt(n)
  own,         ///< one replicate: the metric's own Monte-Carlo standard error
};

/// One metric over the replicates of a row.
struct MetricSummary {
  double mean = 0;  ///< of the finite values; NaN, or the infinity, when there is no finite one
  double standard_error = 0;  ///< NaN where there is none
  ErrorSource source = ErrorSource::none;
  int finite = 0;           ///< replicates that are averaged; with a baseline, pairs
  int non_finite = 0;       ///< replicates whose value is NaN or infinite, or that have no partner
  bool difference = false;  ///< to the baseline rather than the value itself
};

/// Mean and standard error of one metric.
/// @param values  one per finished replicate, with its own Monte-Carlo error or NaN
MetricSummary summarise(const std::vector<Estimate>& values);

}  // namespace elbow
