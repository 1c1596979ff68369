#pragma once

#include <string>

#include "plan/plan.hpp"

namespace elbow {

/// Where a name stands in a text as a word of its own; npos when it does not.
std::size_t find_word(const std::string& text, const std::string& name);

/// What a plugin refuses, with the files of those of its options that the text names: plugins know
/// contents only.
std::string with_files(const std::string& text, const PlannedPlugin& plugin);

}  // namespace elbow
