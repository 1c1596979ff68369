#pragma once

#include <elbow/option.hpp>
#include <filesystem>
#include <string>

namespace elbow {

/// A table from a JSON object of named arrays, as Stan's data files are. The columns are the arrays
/// of one length, the one that most arrays have (the longest of several); a matrix of so many rows
/// gives a column for each of its own, `X[1]`, `X[2]`, ... . Single numbers and arrays of another
/// length are no columns and are left out.
/// @throws Error naming the file and the place: no JSON object, no array, a ragged matrix, anything
/// else than finite numbers in a column.
Table json_table(const std::filesystem::path& file, const std::string& content);

}  // namespace elbow
