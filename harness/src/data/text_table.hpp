#pragma once

#include <elbow/option.hpp>
#include <filesystem>
#include <string>

namespace elbow {

/// Reads a table of finite numbers from a text file, plain or compressed with gzip.
///
/// Fields are separated by `;`, else `,`, else tabs, else blanks: the first of these that the first
/// line has outside quotes. Blanks around a field do not matter, and blank lines and lines that
/// start with `#` are passed over. Fields may be quoted with `"`. Lines end in LF or CRLF; a UTF-8
/// byte-order mark is ignored. The first line is a header of names when none of its fields is a
/// number or all of them are quoted; a column without a name is called by its number, from "1".
///
/// @throws Error naming file:line:column, what was expected and the text found: a missing value
/// (empty, NA, NaN, ...), anything else that is not a finite number, a line of another length, a
/// name that two columns have; or the file and the system's reason.
Table read_text_table(const std::filesystem::path& file);

/// The same of a file whose content has been read already.
Table text_table(const std::filesystem::path& file, const std::string& content);

/// The same as an array [rows x columns] in the smallest type that holds all numbers exactly. The
/// names of a header are passed over.
Array text_array(const std::filesystem::path& file, const std::string& content);

}  // namespace elbow
