#pragma once

#include <elbow/option.hpp>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

namespace elbow {

/// Prints declared options: one line each with name, type, default, what is allowed, unit and help,
/// in aligned columns, indented by two. Columns that are empty throughout are left out.
void print_options(std::ostream& out, const std::vector<Option>& options);

/// The same as an array of objects.
nlohmann::ordered_json options_as_json(const std::vector<Option>& options);

}  // namespace elbow
