#pragma once

#include <elbow/plugin.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace elbow {

/// What the host knows of a plugin without having it mapped: its descriptor's contents, copied.
struct PluginInfo {
  Kind kind;
  std::string name;
  std::string summary;
  std::string source;
  std::filesystem::path file;
  std::string digest;  ///< SHA-256 of the file, hexadecimal
  Ability provides = Ability::none;
  Ability needs_of_model = Ability::none;
  Ability needs_of_family = Ability::none;
  bool uses_family = false;
  bool uses_optimizer = false;
  bool population = false;
  std::vector<Option> options;
};

/// A library in a plugin folder that cannot be used, and why; the text names the file.
struct PluginRefusal {
  std::filesystem::path file;
  std::string reason;
};

/// All plugins of the listed folders.
struct Catalog {
  std::vector<PluginInfo> plugins;  ///< sorted by kind and name
  std::vector<PluginRefusal> refusals;

  /// Null when there is none.
  const PluginInfo* find(Kind kind, const std::string& name) const;
};

/// "model", "family", ...
const char* kind_name(Kind kind);
/// "models", "families", ...: the folder of a kind.
const char* kind_folder(Kind kind);
/// The names of the abilities, e.g. "gradient, minibatch".
std::string ability_names(Ability abilities);

}  // namespace elbow
