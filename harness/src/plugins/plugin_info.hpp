#pragma once

#include <elbow/plugin.hpp>
#include <filesystem>
#include <optional>
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
  std::string digest;  ///< SHA-256 of the file, hexadecimal; empty where the scan was not asked
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
  Kind kind = Kind::model;  ///< of the folder that it lies in
  std::string name;         ///< of the file, without its extension
};

/// All plugins of the listed folders.
struct Catalog {
  std::vector<PluginInfo> plugins;  ///< sorted by kind and name
  std::vector<PluginRefusal> refusals;

  /// Null when there is none.
  const PluginInfo* find(Kind kind, const std::string& name) const;
  /// Why there is none although a file has the name; null where no file has it.
  const PluginRefusal* refusal(Kind kind, const std::string& name) const;
};

inline constexpr Kind all_kinds[] = {Kind::model, Kind::family, Kind::estimator, Kind::optimizer,
                                     Kind::sampler};

/// "model", "family", ...
const char* kind_name(Kind kind);
/// "models", "families", ...: the folder of a kind.
const char* kind_folder(Kind kind);
/// The kind of "model" or "models"; empty for any other word.
std::optional<Kind> kind_from_name(const std::string& name);

struct AbilityText {
  Ability ability;
  const char* name;   ///< as in the SDK: "closed_entropy"
  const char* words;  ///< what it is: "the entropy in closed form"
};
/// Each of the abilities in name and words.
std::vector<AbilityText> describe_abilities(Ability abilities);
/// The names of the abilities, e.g. "gradient, minibatch".
std::string ability_names(Ability abilities);

}  // namespace elbow
