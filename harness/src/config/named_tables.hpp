#pragma once

#include <string>
#include <vector>

#include "config/node.hpp"
#include "config/problems.hpp"

namespace elbow {

/// A [[model]] or [[method]] of a file under its name.
struct NamedTable {
  std::string name;
  const Node* table;
};

/// The tables that have a name of their own; reports those that have not.
std::vector<NamedTable> name_models(const std::vector<const Node*>& tables, Problems& problems);
std::vector<NamedTable> name_methods(const std::vector<const Node*>& tables, Problems& problems);

/// Null when there is none.
const NamedTable* find_table(const std::vector<NamedTable>& tables, const std::string& name);
std::vector<std::string> table_names(const std::vector<NamedTable>& tables);

}  // namespace elbow
