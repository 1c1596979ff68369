#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/call.hpp"
#include "plugins/scan.hpp"

namespace elbow {

/// Adds the option `--plugins DIR`, which may be given more than once.
void add_plugins_option(boost::program_options::options_description& options);
/// All plugin folders of a call: the installed ones, `$ELBOW_PLUGIN_PATH`, and `--plugins`.
std::vector<std::filesystem::path> plugin_folders_of(const Call& call);

/// Adds the option `--format text|json`.
void add_format_option(boost::program_options::options_description& options);
/// @throws Error when the format is another one.
bool wants_json(const Call& call);

/// A kind in singular or plural. @throws Error suggesting the nearest one.
Kind parse_kind(const std::string& word);
/// KIND/NAME. @throws Error when it is not of this form, suggesting a plugin of the folders.
PluginName parse_plugin_name(const std::string& text,
                             const std::vector<std::filesystem::path>& folders);

/// Reads the description of one plugin.
/// @throws Error when there is none, suggesting the nearest name of the kind, or when it is
/// refused.
PluginInfo find_plugin(const std::vector<std::filesystem::path>& folders, const PluginName& name);

}  // namespace elbow
