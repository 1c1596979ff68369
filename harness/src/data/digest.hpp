#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace elbow {

/// SHA-256 of a text, 64 hexadecimal digits in lower case. Thread-safe: yes.
std::string sha256_of_text(std::string_view text);

/// SHA-256 of a file's content, read in blocks so that memory does not grow with the file.
/// @throws Error naming the file and the system's reason when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace elbow
