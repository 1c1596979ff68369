#pragma once

#include <elbow/error.hpp>
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

/// What is wrong with one of the host's own options of a model, found once the model was made.
class SettingError : public Error {
 public:
  SettingError(std::string name, const std::string& text) : Error(text), setting(std::move(name)) {}
  std::string setting;
};

/// Does to a model what its settings say (trained parameters, chosen items, a reference), so that
/// what is wrong is found while planning.
/// @param variant  with settings
/// @param catalog  has the model's plugin
/// @return what of a reference is on one side only, though that is no error; may be empty
/// @throws SettingError
using ModelCheck = std::function<std::string(const ModelVariant& variant, const Catalog& catalog,
                                             std::unique_ptr<Model>& model)>;

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
