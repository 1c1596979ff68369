#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/trained_reader.hpp"
#include "plan/options.hpp"
#include "plan/plan.hpp"
#include "plugins/scan.hpp"

namespace elbow {

/// Takes a line for people.
using Tell = std::function<void(const std::string&)>;

/// Finds a cell of another experiment for an experiment file.
using TrainedCellFinder = std::function<std::filesystem::path(
    const std::filesystem::path& experiment_file, const CellChoice& choice)>;

/// A plan with the plugins that it is made of.
struct PlannedExperiment {
  Plan plan;
  Catalog catalog;
};

/// Reads an experiment file and expands it. Only the plugins that the file names are opened; where
/// something is wrong or impossible all are, so that the texts can say what there is instead.
/// Stan programs are compiled, and every model that a cell uses is made once, see `check_models`.
/// @param overrides   `path=value`, as given to --set
/// @param folders     as from `plugin_folders`
/// @param load_data, check_model  read the models' data files, and do what their settings
/// say, in a child process
/// @param find_trained  finds cells that the file chooses by name
/// @param tell        is called with lines for people as they arise: what is compiled, and which
///                    models could not be tried
/// @throws ExperimentError with everything that is wrong with the file; Error when it is not there.
PlannedExperiment plan_experiment(const std::filesystem::path& file,
                                  const std::vector<std::string>& overrides,
                                  const std::vector<std::filesystem::path>& folders,
                                  const DataLoader& load_data, const ModelCheck& check_model,
                                  const TrainedCellFinder& find_trained,
                                  const ScanSettings& settings = {}, const Tell& tell = {});

}  // namespace elbow
