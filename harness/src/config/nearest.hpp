#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"

namespace elbow {

/// The number of insertions, deletions, substitutions and swaps of neighbours that turn one word
/// into the other, no place edited twice (optimal string alignment; Damerau 1964).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name nearest to a mistyped one, the first among equals; empty when none is near enough to
/// have been meant (more than a third of the letters differ, and more than one letter).
std::string nearest_name(std::string_view typed, const std::vector<std::string>& names);

/// What an error says after a name that is none: `; did you mean "x"?`, or, with nothing near,
/// `; there are a, b, c`, or "" when there is nothing to choose from.
/// @param also  further names that may have been meant, but are not listed
std::string suggestion(std::string_view typed, const std::vector<std::string>& names,
                       const std::vector<std::string>& also = {});

/// Where a table without the key has one that is near it: `; did you mean that by "plugn"?`, or "".
std::string misspelt(const Node& table, const std::string& key);

}  // namespace elbow
