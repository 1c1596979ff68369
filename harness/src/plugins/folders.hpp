#pragma once

#include <elbow/plugin.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace elbow {

/// The folders in which plugins are looked for, each once, absolute, in this order: the plugins
/// installed with the program (`<program's folder>/../lib/elbow/plugins`), those of
/// `$ELBOW_PLUGIN_PATH` (separated by colons), and those given. Never the current directory.
/// @param given  by the person who calls the program; relative ones are taken from the current
///               directory
/// @throws Error for a folder that does not exist, that is not a folder or that has no folder of a
///         kind (models, families, ...) in it, and for a relative entry of `$ELBOW_PLUGIN_PATH`.
std::vector<std::filesystem::path> plugin_folders(
    const std::vector<std::filesystem::path>& given = {});

/// A library in a plugin folder: FOLDER/<kind's folder>/<name>.so.
struct PluginFile {
  std::filesystem::path file;
  Kind kind;
  std::string name;
};

/// What lies in the folders, sorted by kind and name, then in the order of the folders. Nothing is
/// opened. A library reached through two of the folders is listed once.
std::vector<PluginFile> plugin_files(const std::vector<std::filesystem::path>& folders);

/// The names of one kind that the folders offer, each once, sorted. Nothing is opened, so a name
/// may still be refused.
std::vector<std::string> plugin_names(const std::vector<std::filesystem::path>& folders, Kind kind);

}  // namespace elbow
