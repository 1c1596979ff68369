#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_set>

namespace elbow {

/// The hashes of the cells that a result folder's plan.json names; nothing where there is no plan,
/// or none that can be read. Takes memory for the hashes only.
std::optional<std::unordered_set<std::string>> planned_cells(const std::filesystem::path& folder);

}  // namespace elbow
