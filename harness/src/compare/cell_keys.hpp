#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "record/cell_summary.hpp"

namespace elbow {

/// What cells are selected and grouped by: names with values as text.
using CellKeys = std::map<std::string, std::string>;

/// Every option of a resolved configuration by its dotted name, e.g. `model.dimension`,
/// `method.optimizer.learning_rate`. Levels that hold nothing but options (`options`, `settings`,
/// `axes`) are left out of the names; lists are values.
CellKeys dotted_options(const nlohmann::ordered_json& configuration);

/// `model`, `method`, `replicate`, `outcome`, and the options.
CellKeys cell_keys(const CellSummary& cell);

/// The full name of a key as typed: an end of it is enough (`learning_rate`) where it is the end of
/// one name only.
/// @throws Error naming the nearest, or all that it could mean.
std::string complete_key(const std::string& typed, const std::vector<CellKeys>& cells);

/// Whether a value is the one asked for. Numbers are compared as numbers, and a model or method
/// also goes by its name without axes: `mean-field` is `mean-field(optimizer.learning_rate=0.1)`.
bool value_matches(const std::string& key, const std::string& value, const std::string& asked);

/// The values with which a value is asked for: models and methods also by their names without axes.
std::set<std::string> askable_values(const std::string& key, const std::set<std::string>& values);

/// One `--where k=v`.
struct WhereClause {
  std::string key, value;
};

/// @throws Error when it is not of the form k=v.
WhereClause parse_where(const std::string& text);

/// Which cells fulfil all selections; several for one key mean any of them.
/// @throws Error for a key or a value that no cell has, with the nearest that there is.
std::vector<bool> select_cells(const std::vector<CellKeys>& cells,
                               const std::vector<WhereClause>& selections);

}  // namespace elbow
