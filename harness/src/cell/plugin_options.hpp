#pragma once

#include <elbow/option.hpp>

#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Reads a data file as planned, see `DataLoader`. @throws Error naming the file and what is wrong
/// with it.
OptionValue load_planned_data(const Json& file, OptionType type);

/// A planned plugin's options as it sees them; its data files are read here.
/// @throws Error naming the file and what is wrong with it.
Options plugin_options(const PlannedPlugin& planned, const PluginInfo& info);

}  // namespace elbow
