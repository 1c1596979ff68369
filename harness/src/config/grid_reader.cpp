#include "config/grid_reader.hpp"

#include <algorithm>

#include "config/host_table_reader.hpp"
#include "config/nearest.hpp"

namespace elbow {

Block GridReader::read_block(bool is_model, const NamedTable& named, const Node* changes) {
  Node table = *named.table;
  if (changes) merge(table, *changes);
  for (const Override& override : overrides_)
    if (override.path.size() > 2 && override.path[0] == (is_model ? "model" : "method") &&
        override.path[1] == named.name && override.path[2] != "name")
      assign(table, {override.path.begin() + 2, override.path.end()}, override.value);
  return is_model ? blocks_.read_model(named.name, table) : blocks_.read_method(named.name, table);
}

std::vector<Block> GridReader::read_blocks(bool is_model, const Node* selected,
                                           const Node* changes) {
  const std::vector<NamedTable>& tables = is_model ? models_ : methods_;
  const std::string kind = is_model ? "model" : "method";
  std::vector<std::string> names;
  if (!selected) {
    names = table_names(tables);
  } else if (!selected->is(Node::Type::array)) {
    context_.problems.add(
        selected->place, "grid: " + kind + "s must be a list of names, got " + describe(*selected));
    names = table_names(tables);
  } else {
    if (selected->items.empty())
      context_.problems.add(selected->place,
                            "grid: " + kind + "s must list at least one name, got []");
    for (const Node& item : selected->items) {
      if (!item.is(Node::Type::text))
        context_.problems.add(item.place,
                              "grid: a " + kind + " must be a name, got " + describe(item));
      else if (!find_table(tables, item.text))
        context_.problems.add(item.place, "grid: there is no " + kind + " \"" + item.text + "\"" +
                                              suggestion(item.text, table_names(tables)));
      else if (std::find(names.begin(), names.end(), item.text) != names.end())
        context_.problems.add(item.place,
                              "grid: the " + kind + " \"" + item.text + "\" is listed twice");
      else
        names.push_back(item.text);
    }
  }
  if (changes) check_changes(kind, *changes, tables, names);
  std::vector<Block> blocks;
  for (const std::string& name : names) {
    const Node* change = changes ? changes->find(name) : nullptr;
    if (change && !change->is(Node::Type::table)) change = nullptr;
    blocks.push_back(read_block(is_model, *find_table(tables, name), change));
    (is_model ? used_models_ : used_methods_).push_back(name);
  }
  return blocks;
}

void GridReader::check_changes(const std::string& kind, const Node& changes,
                               const std::vector<NamedTable>& tables,
                               const std::vector<std::string>& selected) {
  if (!changes.is(Node::Type::table)) {
    context_.problems.add(
        changes.place,
        "grid: " + kind + " must be a table with the name of a " + kind + " in it, got " +
            describe(changes) +
            (changes.is(Node::Type::array) ? "; a list of names is " + kind + "s = [...]" : ""));
    return;
  }
  for (const Member& member : changes.members) {
    if (!find_table(tables, member.key))
      context_.problems.add(member.place, "grid: there is no " + kind + " \"" + member.key + "\"" +
                                              suggestion(member.key, table_names(tables)));
    else if (std::find(selected.begin(), selected.end(), member.key) == selected.end())
      context_.problems.add(member.place, "grid: the " + kind + " \"" + member.key +
                                              "\" is changed here, but is not among the grid's " +
                                              kind + "s");
    else if (!member.value.is(Node::Type::table))
      context_.problems.add(member.value.place, "grid: expected options of the " + kind + " \"" +
                                                    member.key + "\", got " +
                                                    describe(member.value));
    else if (const Node* name = member.value.find("name"))
      context_.problems.add(name->place, "grid: the name of a " + kind + " cannot be changed");
  }
}

std::vector<Grid> GridReader::read(const std::vector<const Node*>& tables, std::uint32_t repeats) {
  std::vector<Grid> grids;
  if (tables.empty()) {
    grids.push_back({Place{1, 1, 0}, read_blocks(true, nullptr, nullptr),
                     read_blocks(false, nullptr, nullptr), repeats});
    return grids;
  }
  // A number of replicates on the command line is that of every grid.
  const bool repeats_are_set =
      std::any_of(overrides_.begin(), overrides_.end(),
                  [](const Override& override) { return override.path[0] == "repeats"; });
  const std::vector<std::string> keys{"models", "methods", "repeats", "model", "method"};
  for (const Node* table : tables) {
    for (const Member& member : table->members)
      if (std::find(keys.begin(), keys.end(), member.key) == keys.end())
        context_.problems.add(member.place, "grid: there is no key \"" + member.key + "\"" +
                                                suggestion(member.key, keys));
    Grid grid;
    grid.place = table->place;
    grid.models = read_blocks(true, table->find("models"), table->find("model"));
    grid.methods = read_blocks(false, table->find("methods"), table->find("method"));
    grid.repeats = repeats;
    if (const Node* node = table->find("repeats"); node && !repeats_are_set) {
      const std::vector<Option>& options = host_table("").options;
      const auto option = std::find_if(options.begin(), options.end(),
                                       [](const Option& o) { return o.name == "repeats"; });
      if (const auto value = check_value(*option, *node, "grid: ", context_)) grid.repeats = *value;
    }
    grids.push_back(std::move(grid));
  }
  report_unused("model", models_, used_models_);
  report_unused("method", methods_, used_methods_);
  return grids;
}

void GridReader::report_unused(const std::string& kind, const std::vector<NamedTable>& tables,
                               const std::vector<std::string>& used) {
  for (const NamedTable& table : tables)
    if (std::find(used.begin(), used.end(), table.name) == used.end())
      context_.problems.add(
          table.table->place,
          "the " + kind + " \"" + table.name + "\" is in no [[grid]]; add it to one or remove it");
}

}  // namespace elbow
