#pragma once

#include <chrono>

#include "config/experiment.hpp"
#include "plan/options.hpp"
#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Makes every model that a cell of the plan uses once, as the first replicate's cells will, and
/// reports what its factory refuses, data and references that cannot be read or do not fit, and
/// options of the file that no model of their block asks for. What a reference has not, or has
/// besides, becomes a note of the plan. Runs plugins in a guarded child process only. What takes
/// too long, crashes, or throws what is not an `Error` is left to the cells, and so are blocks of
/// more than 10,000 models. Cells whose batch_size is above the number of the model's data items
/// become impossible pairs.
/// @param experiment, catalog  what the plan was made from
/// @param budget               for all models together
/// @return a line for each model that could not be tried, with its place in the file and the reason
/// @throws ExperimentError with everything that was found.
std::vector<std::string> check_models(const Experiment& experiment, Plan& plan,
                                      const Catalog& catalog, const DataLoader& load_data,
                                      const ModelCheck& check_model,
                                      std::chrono::milliseconds budget = std::chrono::seconds(3));

}  // namespace elbow
