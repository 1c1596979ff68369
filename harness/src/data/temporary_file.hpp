#pragma once

#include <filesystem>
#include <string>

namespace elbow {

/// The name of this machine, as it appears in the names of files.
std::string machine_name();

/// Where this process writes a file before it gives it its name: `.<name>.tmp-<machine>-<process>`
/// in the same folder, so that processes of several machines may share a folder.
std::filesystem::path temporary_beside(const std::filesystem::path& file);

/// Of the name of a file: whether `temporary_beside` gave it to a process of this machine that is
/// gone.
bool is_leftover(const std::string& file_name);

}  // namespace elbow
