#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace elbow {

/// Whether a file's first bytes are those of a zip archive.
bool is_zip_archive(std::string_view content);

/// The one file in a zip archive, stored or deflated, its checksum verified. Folders and what macOS
/// adds (`__MACOSX/...`) do not count.
/// @throws Error naming the archive and what is wrong: truncated, encrypted, damaged, several
/// files, larger than 4 GB.
std::string only_file_in_zip(const std::filesystem::path& archive, std::string_view content);

}  // namespace elbow
