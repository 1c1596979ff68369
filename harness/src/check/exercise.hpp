#pragma once

#include "check/suites.hpp"

namespace elbow::check {

/// Makes the plugin with these options and lets it work for a few steps, so that options that are
/// read late are read.
/// @param reads  receives the names of the options asked for
/// @throws what the plugin throws
void exercise(const Bench& bench, const OptionMap& options,
              std::set<std::string, std::less<>>& reads);

}  // namespace elbow::check
