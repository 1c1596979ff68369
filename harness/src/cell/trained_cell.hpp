#pragma once

#include <elbow/family.hpp>
#include <elbow/model.hpp>
#include <filesystem>

#include "config/trained_reader.hpp"
#include "plan/plan.hpp"

namespace elbow {

/// Puts the parameters that another cell has trained into a model of the same architecture.
/// @param variant  with the setting `trained`
/// @throws Error naming the file: no complete cell, one that failed, of another plugin or another
/// architecture (with the block and both shapes), or changed since it was planned
void load_trained(const ModelVariant& variant, Model& model);

/// The same for the family of a method, where that cell has trained the same plugin.
/// @return whether it has
bool load_trained(const ModelVariant& variant, const PlannedPlugin& planned, Family& family);

/// The file of a cell of another experiment. A result folder is looked for in the current
/// directory, where `elbow run` leaves it, then beside the experiment file.
/// @throws Error saying what there is instead, or what has to be run first
std::filesystem::path find_trained_cell(const std::filesystem::path& experiment_file,
                                        const CellChoice& choice);

}  // namespace elbow
