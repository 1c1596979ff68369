#pragma once

#include <string>
#include <string_view>

namespace elbow {

/// A text as an error may show it, on one line: control characters as \n, \t or \xNN, and cut
/// behind `longest` bytes, between characters.
std::string printable(std::string_view text, std::size_t longest = 80);

/// The same without a limit, line breaks kept: for whole messages.
std::string printable_lines(std::string_view text);

}  // namespace elbow
