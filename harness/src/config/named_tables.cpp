#include "config/named_tables.hpp"

#include <algorithm>

#include "config/axis_reader.hpp"
#include "config/nearest.hpp"

namespace elbow {
namespace {

using Type = Node::Type;

/// The text of a name, or null after reporting a problem.
const std::string* name_text(const Node& node, const std::string& what, Problems& problems) {
  if (node.is(Type::text) && !node.text.empty() &&
      node.text.find_first_of(std::string("\n\r\t\"\0", 5)) == std::string::npos)
    return &node.text;
  problems.add(node.place, what +
                               ": name must be a text of one line without quotation marks, "
                               "got " +
                               describe(node));
  return nullptr;
}

}  // namespace

std::vector<NamedTable> name_models(const std::vector<const Node*>& tables, Problems& problems) {
  std::vector<NamedTable> named;
  for (const Node* table : tables) {
    const Node* plugin = table->find("plugin");
    const Node* name = table->find("name");
    const std::string* text = nullptr;
    if (name) {
      text = name_text(*name, "model", problems);
    } else if (const Node* posterior = table->find("posteriordb"); posterior && !plugin) {
      if (posterior->is(Type::text))
        text = &posterior->text;
      else if (is_axis(*posterior))
        problems.add(table->place,
                     "model: a name = \"...\" is needed where posteriordb is an axis");
      else
        problems.add(posterior->place, "model: posteriordb must be the name of a posterior, got " +
                                           describe(*posterior));
    } else if (!plugin) {
      problems.add(table->place, "model: plugin = \"...\" is needed" + misspelt(*table, "plugin"));
    } else if (plugin->is(Type::text)) {
      text = &plugin->text;
    } else if (is_axis(*plugin)) {
      problems.add(table->place, "model: a name = \"...\" is needed where the plugin is an axis");
    } else {
      problems.add(plugin->place, "model: plugin must be a name, got " + describe(*plugin));
    }
    if (!text) continue;
    if (const NamedTable* other = find_table(named, *text)) {
      problems.add(name ? name->place : table->place, "there are two models \"" + *text +
                                                          "\" (the other one is in line " +
                                                          std::to_string(other->table->place.line) +
                                                          "); give them a name = \"...\" each");
      continue;
    }
    named.push_back({*text, table});
  }
  return named;
}

std::vector<NamedTable> name_methods(const std::vector<const Node*>& tables, Problems& problems) {
  std::vector<NamedTable> named;
  for (const Node* table : tables) {
    const Node* name = table->find("name");
    if (!name) {
      problems.add(table->place, "method: name = \"...\" is needed" + misspelt(*table, "name"));
      continue;
    }
    const std::string* text = name_text(*name, "method", problems);
    if (!text) continue;
    if (const NamedTable* other = find_table(named, *text)) {
      problems.add(name->place, "there are two methods \"" + *text +
                                    "\" (the other one is in line " +
                                    std::to_string(other->table->place.line) + ")");
      continue;
    }
    named.push_back({*text, table});
  }
  return named;
}

const NamedTable* find_table(const std::vector<NamedTable>& tables, const std::string& name) {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const NamedTable& table) { return table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

std::vector<std::string> table_names(const std::vector<NamedTable>& tables) {
  std::vector<std::string> names;
  for (const NamedTable& table : tables) names.push_back(table.name);
  return names;
}

}  // namespace elbow
