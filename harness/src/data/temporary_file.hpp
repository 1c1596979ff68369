#pragma once

#include <filesystem>
#include <string>

namespace elbow {

/// The name of this machine, as it appears in the names of files.
std::string machine_name();

/// Where this process writes a file before it gives it its name: `.<name>.tmp-<machine>-<process>`
/// in the same folder, so that processes of several machines may share a folder.
std::filesystem::path temporary_beside(const std::filesystem::path& file);

/// Waits until a file's content, or the names in a folder, are on the disk. @return 0, or errno
int sync_to_disk(const std::filesystem::path& path);

/// Of the name of a file: whether `temporary_beside` gave it to a process of this machine that is
/// gone.
bool is_leftover(const std::string& file_name);

}  // namespace elbow
