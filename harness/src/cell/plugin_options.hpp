#pragma once

#include <elbow/option.hpp>
#include <memory>

#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Reads a data file as planned. @throws Error naming the file and what is wrong with it.
std::shared_ptr<const Table> load_planned_table(const Json& file);

/// A planned plugin's options as it sees them; its data files are read here.
/// @throws Error naming the file and what is wrong with it.
Options plugin_options(const PlannedPlugin& planned, const PluginInfo& info);

}  // namespace elbow
