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

/// The same for a file that a scan by this program has accepted and that has not changed since: its
/// table of symbols, which takes longer to read than the library to map, is not inspected again.
const Descriptor& map_scanned_plugin(const std::filesystem::path& file, Kind expected_kind,
                                     const std::string& expected_name);

}  // namespace elbow
