#pragma once

#include <filesystem>

namespace elbow {

/// Checks that a file is a complete ELF shared library for this program's machine, without mapping
/// it.
/// @throws Error naming the file, what was expected and what was found.
void check_elf_library(const std::filesystem::path& file);

}  // namespace elbow
