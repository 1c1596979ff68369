#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace elbow {

/// What a cell is called where people read: model/method/replicate.
std::string cell_label(const Plan& plan, const Cell& cell);

/// The cells that one of the patterns names, in the plan's order; all of them without a pattern. A
/// pattern is the beginning of a hash, or model/method or model/method/replicate with the wildcards
/// of the shell.
/// @throws Error for a pattern that names no cell, with some that there are
std::vector<const Cell*> select_cells(const Plan& plan, const std::vector<std::string>& patterns);

/// `count` cells spread evenly over the list; all of it when it is not longer.
std::vector<const Cell*> spread_sample(const std::vector<const Cell*>& cells, std::size_t count);

/// Another order of the cells, the same for the same seed on every machine.
void shuffle_cells(std::vector<const Cell*>& cells, std::uint64_t seed);

}  // namespace elbow
