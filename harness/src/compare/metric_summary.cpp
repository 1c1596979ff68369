#include "compare/metric_summary.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "diagnostics/monte_carlo.hpp"

namespace elbow {

MetricSummary summarise(const std::vector<Estimate>& values) {
  MetricSummary summary;
  ScalarMoments finite, all;
  double own = not_a_number;
  for (const Estimate& estimate : values) {
    all.add(estimate.value);
    if (!std::isfinite(estimate.value)) continue;
    finite.add(estimate.value);
    own = estimate.standard_error;
  }
  summary.finite = int(finite.count());
  summary.non_finite = int(values.size()) - summary.finite;
  summary.mean = summary.finite > 0 ? finite.mean() : all.mean();
  summary.standard_error = not_a_number;
  if (summary.finite > 1) {
    summary.standard_error = finite.estimate().standard_error;
    summary.source = ErrorSource::replicates;
  } else if (summary.finite == 1 && std::isfinite(own)) {
    summary.standard_error = own;
    summary.source = ErrorSource::own;
  }
  return summary;
}

}  // namespace elbow
