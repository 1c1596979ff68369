#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace elbow {

/// Compares two cell files bit for bit, in everything but what may differ between two runs of one
/// cell: the group `timing` and the root attribute `provenance`. Two NaNs are the same when their
/// bits are.
/// @return the first difference with its place and both values, or nothing
/// @throws Error naming the file when one of them cannot be read
std::optional<std::string> first_difference(const std::filesystem::path& a,
                                            const std::filesystem::path& b);

}  // namespace elbow
