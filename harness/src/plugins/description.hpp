#pragma once

#include <elbow/plugin.hpp>
#include <filesystem>
#include <string>

#include "plugins/plugin_info.hpp"

namespace elbow {

/// Copies what a mapped plugin says of itself; calls its function of options. The digest stays
/// empty.
/// @throws Error naming the file when the options contradict themselves (two of one name, a default
///         outside its bounds, a default that is no choice, ...).
PluginInfo describe_plugin(const Descriptor& descriptor, const std::filesystem::path& file);

/// A description as bytes for another process of the same build, and back.
std::string encode(const PluginInfo& info);
/// @throws Error when the bytes end too early.
PluginInfo decode_plugin_info(const std::string& bytes);

}  // namespace elbow
