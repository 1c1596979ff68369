#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "config/problems.hpp"
#include "config/trained_reader.hpp"
#include "data/lookup.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Reads an experiment from the text of a file, and lays the overrides of the command line over it.
/// Reads no file itself.
/// @param file       the experiment's file, for the texts of errors and for provenance
/// @param overrides  `path=value`, as given to --set
/// @param find_cell  finds cells of other experiments that the file chooses by name
/// @throws ExperimentError with everything that is wrong; a syntax error hides what follows it.
Experiment read_experiment(const std::filesystem::path& file, const std::string& text,
                           const std::vector<std::string>& overrides, const Catalog& catalog,
                           const DataFinder& find_data, const CellFinder& find_cell = {});

/// The text of an experiment file.
/// @throws Error naming the file and the system's reason.
std::string read_experiment_text(const std::filesystem::path& file);

/// Finds the data of an experiment file: beside it, then in $ELBOW_DATA.
DataFinder find_data_beside(const std::filesystem::path& file);

}  // namespace elbow
