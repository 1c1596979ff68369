#pragma once

#include "config/experiment.hpp"
#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// More cells than this are refused: a slip of the pen rather than an experiment.
inline constexpr double most_cells = 1e7;
/// The same for the variants of the models, and of the methods: each keeps its options in memory.
inline constexpr double most_variants = 1e6;

/// Expands an experiment's grid. Pure, and linear in the number of cells.
/// @param catalog  the one that the experiment was read with
/// @throws ExperimentError for a grid that is too large, an exclude that matches nothing, and an
/// experiment of which nothing is left.
Plan make_plan(const Experiment& experiment, const Catalog& catalog);

}  // namespace elbow
