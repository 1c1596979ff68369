#pragma once

#include <filesystem>
#include <string>

namespace elbow {

/// A Stan program with every `#include FILE` line replaced by that file, which is looked up beside
/// the program. What it is made of is thereby in one text.
/// @throws Error naming the file: it cannot be read, or it includes itself.
std::string stan_program_text(const std::filesystem::path& program);

}  // namespace elbow
