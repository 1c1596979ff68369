#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Reads a data file as planned: {"path", "sha256"} and, for HDF5, "dataset".
/// @param type  `table` or `array`: what the value is to be
/// @throws Error naming the file.
using DataLoader = std::function<OptionValue(const Json& file, OptionType type)>;

/// Whether a model's reference, as planned, can be read and fits the model.
/// @param settings  ModelVariant::settings, with a reference
/// @return what is on one side only, though that is no error; may be empty
/// @throws Error naming the file and what is wrong.
using ReferenceCheck = std::function<std::string(const Json& settings, Model& model)>;

/// A planned plugin's options in the types that the plugin asks for. Data files are read here.
/// @param info  the descriptor of the planned plugin
/// @throws Error when a planned option is not one that the descriptor declares (another build of
/// the plugin than the plan was made with), and what the loader throws.
std::map<std::string, OptionValue, std::less<>> option_values(const PlannedPlugin& plugin,
                                                              const PluginInfo& info,
                                                              const DataLoader& load_data);

/// The same as a plugin is given them.
Options to_options(const PlannedPlugin& plugin, const PluginInfo& info,
                   const DataLoader& load_data);

}  // namespace elbow
