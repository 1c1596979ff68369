#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "plugins/plugin_info.hpp"

namespace elbow {

struct ScanSettings {
  bool digests = false;                        ///< compute the SHA-256 of every usable file
  std::chrono::milliseconds deadline{10'000};  ///< for loading one file
};

struct PluginName {
  Kind kind;
  std::string name;
};

/// Reads the descriptors of all plugins in the folders. Nothing is mapped into this process: a
/// child process maps the files one after another, and when one of them aborts, crashes, exits or
/// does not come back before the deadline, it is recorded as refused, with the signal and its last
/// lines of stderr, and a new child goes on with the rest. Two files of one kind and name are both
/// refused, each naming the other. Must be called while this process has one thread only.
/// @param folders  as from `plugin_folders`
/// @throws Error when no child process can be made.
Catalog scan_plugins(const std::vector<std::filesystem::path>& folders,
                     const ScanSettings& settings = {});

/// Reads only the files that can provide the names wanted; no other is opened. A name without a
/// file is in neither list of the catalog.
Catalog scan_plugins(const std::vector<std::filesystem::path>& folders,
                     const std::vector<PluginName>& wanted, const ScanSettings& settings = {});

}  // namespace elbow
