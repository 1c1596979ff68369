#pragma once

#include <string>
#include <vector>

#include "compare/result_folder.hpp"
#include "diagnostics/uniformity.hpp"

namespace elbow {

/// The ranks of one parameter over the replicates of a calibration.
struct RankedVariable {
  std::string name;  ///< "theta[0, 2]"
  Uniformity test;
};

/// Simulation-based calibration of one method on one model.
struct Calibration {
  std::string folder, model, method;
  Index draws = 0;        ///< L
  Index simulations = 0;  ///< with ranks
  Index without = 0;      ///< cells without: failed, or stopped before they had L draws
  std::vector<RankedVariable> variables;

  /// The smallest p-value of both tests of all variables, times their number (Bonferroni), at most
  /// 1; NaN without any.
  double adjusted_p() const;
};

/// In the order of the plan; empty for experiments of another kind.
std::vector<Calibration> calibrations(const std::vector<ResultFolder>& folders);

/// Below this adjusted p-value a method is said not to be calibrated.
inline constexpr double calibration_level = 0.01;

/// For a terminal: a line per method and, below it, its least uniform parameters with the histogram
/// of their ranks. Empty without calibrations.
std::string calibration_text(const std::vector<Calibration>& all);
/// The same as HTML, with histograms drawn, for one model.
std::string calibration_html(const std::vector<Calibration>& all, const std::string& model);

}  // namespace elbow
