#pragma once

#include <filesystem>
#include <string>

namespace elbow {

/// The bytes of a file, decompressed where it is a gzip file; of a zip archive those of the one
/// file in it.
/// @throws Error naming the file and the reason: missing, not readable, damaged, ...
std::string read_content(const std::filesystem::path& file);

}  // namespace elbow
