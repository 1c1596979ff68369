#pragma once

#include <elbow/plugin.hpp>
#include <filesystem>
#include <string>

namespace elbow {

/// Maps a plugin into this process, for the rest of its life, and returns its descriptor. The file
/// is inspected before it is mapped; mapping runs its static constructors, which may do anything,
/// so a process that must survive them reads descriptors with `scan_plugins` instead.
/// Mapping a file again returns the same descriptor. Thread-safe: no.
/// @throws Error naming the file, what was expected and what was found.
const Descriptor& map_plugin(const std::filesystem::path& file, Kind expected_kind,
                             const std::string& expected_name);

}  // namespace elbow
