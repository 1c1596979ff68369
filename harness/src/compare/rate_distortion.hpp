#pragma once

#include <elbow/types.hpp>
#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace elbow {

/// One method's place on the curve, nats per test item, mean over replicates.
struct RatePoint {
  std::string method;
  Estimate rate, distortion;
  Estimate total;       ///< rate + distortion = -ELBO
  Estimate above_hull;  ///< distortion above the lower convex hull of all points; errors of both
};

/// What the methods of one model buy with their rates (Alemi et al. 2018): distortions at the
/// optimum for every weight of the rate are a convex falling function of it, and no encoder and
/// decoder come below the line rate + distortion = entropy of the data.
struct RateDistortion {
  std::string folder, model;
  std::vector<RatePoint> points;  ///< in order of the rate
  /// The least -log p(x) that any of the methods has, an upper bound on the entropy; NaN without.
  double entropy;
  bool convex = true;  ///< whether no point is above the hull by more than two standard errors
};

/// Of every model with at least three methods that have rates and distortions of test items.
std::vector<RateDistortion> rate_distortions(const std::vector<ResultFolder>& folders);

/// For a terminal: a line per method, the convexity check, the entropy line. Empty without curves.
std::string rate_distortion_text(const std::vector<RateDistortion>& all);
/// The same as HTML with the curve drawn, for one model.
std::string rate_distortion_html(const std::vector<RateDistortion>& all, const std::string& model);

}  // namespace elbow
