#pragma once

#include "config/experiment.hpp"
#include "config/option_value.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Reads one [[exclude]] table.
/// @param grids  whose models and methods its conditions must be about
Exclude read_exclude(const Node& table, const std::vector<Grid>& grids, std::uint32_t repeats,
                     const Catalog& catalog, const ReadingContext& context);

}  // namespace elbow
