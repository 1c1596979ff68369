#pragma once

#include <elbow/option.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/node.hpp"
#include "config/problems.hpp"
#include "config/trained_reader.hpp"
#include "data/lookup.hpp"

namespace elbow {

/// What is needed to read the values of options: where problems go and where data are found.
struct ReadingContext {
  Problems& problems;
  const DataFinder& find_data;
  const CellFinder& find_cell;
};

/// Checks a value against an option's declaration: type, bounds, choices, finite numbers.
/// @param owner  begins the texts of errors: `optimizer "adam": `
/// @return the value in the option's own type (reals are floating point; a path or table is
/// {"path", "sha256"} and, for HDF5, "dataset"), or nothing after reporting a problem
std::optional<nlohmann::ordered_json> check_value(const Option& option, const Node& node,
                                                  const std::string& owner,
                                                  const ReadingContext& context);

/// An option's default in the form that `check_value` returns. @pre there is one
nlohmann::ordered_json default_value(const Option& option);

/// "an integer", "a list of numbers", ...
const char* type_text(OptionType type);
/// "at least 1", "above 0 and at most 1", "" without bounds.
std::string bounds_text(const Option& option);

}  // namespace elbow
