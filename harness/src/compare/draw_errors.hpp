#pragma once

#include <string>
#include <vector>

#include "compare/result_folder.hpp"

namespace elbow {

/// Measures every cell's stored draws against those of another method's cell of the same folder,
/// model and replicate, and adds the metrics mean_error_to_draws, sd_error_to_draws and
/// wasserstein_to_draws: the largest over the variables, in units of the other draws' sd, with
/// standard errors that allow for the autocorrelation of both. Cells without draws to compare
/// (weighted particles, other variables) have none.
/// @param method  with or without its axes
/// @return notes on what could not be compared
/// @throws Error when no cell has the method, and for files that cannot be read.
std::vector<std::string> add_draw_errors(std::vector<ResultFolder>& folders,
                                         const std::string& method);

}  // namespace elbow
