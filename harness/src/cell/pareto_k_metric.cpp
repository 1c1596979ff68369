#include "cell/pareto_k_metric.hpp"

#include <cmath>
#include <cstdio>
#include <elbow/math.hpp>

namespace elbow {

Metric pareto_k_metric(Vector log_ratios, const Psis& smoothed) {
  const double threshold = pareto_k_threshold(log_ratios.size());
  char help[120];
  std::snprintf(help, sizeof help,
                "k-hat of the importance weights; reliable below %.2f, the threshold for %td draws",
                threshold, log_ratios.size());
  return {"pareto_k", equal_weights(log_ratios) ? -infinity : smoothed.pareto_k, not_a_number, "",
          help};
}

}  // namespace elbow
