#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "config/node.hpp"
#include "config/problems.hpp"

namespace elbow {

/// A cell of another experiment, as `trained = { results = "results/vae", method = "vae" }` names
/// it. What the file does not say is empty.
struct CellChoice {
  std::string results;  ///< the experiment's result folder
  std::string model, method;
  std::int64_t replicate = 0;
};

/// Finds the file of a cell. @throws Error saying what there is instead, or what has to be run.
using CellFinder = std::function<std::filesystem::path(const CellChoice&)>;

/// Replaces tables that choose a cell, also those within an axis, by the names of the cells' files.
/// @param owner  begins the texts of errors: `model "vae": `
/// @return nothing after reporting a problem
std::optional<Node> with_chosen_cells(const Node& node, const std::string& owner,
                                      const CellFinder& find_cell, Problems& problems);

}  // namespace elbow
