#include "config/read_experiment.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "config/axis_reader.hpp"
#include "config/block_reader.hpp"
#include "config/exclude_reader.hpp"
#include "config/host_options.hpp"
#include "config/nearest.hpp"
#include "config/overrides.hpp"
#include "config/toml_reader.hpp"

namespace elbow {
namespace {

using Type = Node::Type;

constexpr Place top{1, 1, 0};

const HostTable& host_table(const std::string& name) {
  return *std::find_if(host_tables().begin(), host_tables().end(),
                       [&](const HostTable& table) { return table.name == name; });
}

/// The [[model]] or [[method]] tables of a file, by name.
struct NamedTable {
  std::string name;
  const Node* table;
};

std::vector<std::string> names_of(const std::vector<NamedTable>& tables) {
  std::vector<std::string> names;
  for (const NamedTable& table : tables) names.push_back(table.name);
  return names;
}

class ExperimentReader {
 public:
  ExperimentReader(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                   const Catalog& catalog, const DataFinder& find_data)
      : problems_(file.string(), overrides),
        context_{problems_, find_data},
        catalog_(catalog),
        blocks_(catalog, context_) {
    overrides_ = parse_overrides(overrides, problems_);
  }

  Experiment read(const std::string& text) {
    Experiment experiment;
    Node root;
    try {
      root = read_toml(text);
    } catch (const TomlError& error) {
      problems_.add(error.place(), error.what());
      problems_.throw_if_any();
    }
    check_keys(root);
    apply_top_overrides(root);
    const std::vector<const Node*> models = tables_of(root, "model", true);
    const std::vector<const Node*> methods = tables_of(root, "method", true);
    models_ = name_models(models);
    methods_ = name_methods(methods);
    check_block_overrides();
    read_top(root, experiment);
    experiment.grids = read_grids(tables_of(root, "grid", false), experiment.repeats);
    std::uint32_t repeats = 1;
    for (const Grid& grid : experiment.grids) repeats = std::max(repeats, grid.repeats);
    for (const Node* exclude : tables_of(root, "exclude", false))
      experiment.excludes.push_back(
          read_exclude(*exclude, experiment.grids, repeats, catalog_, context_));
    problems_.throw_if_any();
    return experiment;
  }

 private:
  static std::vector<std::string> top_keys() {
    std::vector<std::string> keys;
    for (const Option& option : host_table("").options) keys.push_back(option.name);
    for (const char* key : {"limits", "evaluation", "model", "method", "grid", "exclude"})
      keys.push_back(key);
    return keys;
  }

  void check_keys(const Node& root) {
    const std::vector<std::string> keys = top_keys();
    for (const Member& member : root.members)
      if (std::find(keys.begin(), keys.end(), member.key) == keys.end())
        problems_.add(member.place, "an experiment has no key \"" + member.key + "\"" +
                                        suggestion(member.key, keys));
  }

  std::vector<const Node*> tables_of(const Node& root, const std::string& key, bool needed) {
    const Node* node = root.find(key);
    const std::string brackets = "[[" + key + "]]";
    if (!node) {
      if (needed) problems_.add(top, "there is no " + brackets + "; at least one is needed");
      return {};
    }
    if (!node->is(Type::array)) {
      problems_.add(node->place, "must be written " + brackets + ", got " + describe(*node));
      return {};
    }
    std::vector<const Node*> tables;
    for (const Node& item : node->items) {
      if (item.is(Type::table))
        tables.push_back(&item);
      else
        problems_.add(item.place, brackets + " must be a table, got " + describe(item));
    }
    if (tables.empty() && needed)
      problems_.add(node->place, "there is no " + brackets + "; at least one is needed");
    return tables;
  }

  /// The text of a name, or null after reporting a problem.
  const std::string* name_text(const Node& node, const std::string& what) {
    if (node.is(Type::text) && !node.text.empty() &&
        node.text.find_first_of(std::string("\n\r\t\"\0", 5)) == std::string::npos)
      return &node.text;
    problems_.add(node.place, what +
                                  ": name must be a text of one line without quotation marks, "
                                  "got " +
                                  describe(node));
    return nullptr;
  }

  std::vector<NamedTable> name_models(const std::vector<const Node*>& tables) {
    std::vector<NamedTable> named;
    for (const Node* table : tables) {
      const Node* plugin = table->find("plugin");
      const Node* name = table->find("name");
      const std::string* text = nullptr;
      if (name) {
        text = name_text(*name, "model");
      } else if (!plugin) {
        problems_.add(table->place, "model: plugin = \"...\" is needed");
      } else if (plugin->is(Type::text)) {
        text = &plugin->text;
      } else if (is_axis(*plugin)) {
        problems_.add(table->place,
                      "model: a name = \"...\" is needed where the plugin is an axis");
      } else {
        problems_.add(plugin->place, "model: plugin must be a name, got " + describe(*plugin));
      }
      if (!text) continue;
      if (const NamedTable* other = find(named, *text)) {
        problems_.add(name ? name->place : table->place,
                      "there are two models \"" + *text + "\" (the other one is in line " +
                          std::to_string(other->table->place.line) +
                          "); give them a name = \"...\" each");
        continue;
      }
      named.push_back({*text, table});
    }
    return named;
  }

  std::vector<NamedTable> name_methods(const std::vector<const Node*>& tables) {
    std::vector<NamedTable> named;
    for (const Node* table : tables) {
      const Node* name = table->find("name");
      if (!name) {
        problems_.add(table->place, "method: name = \"...\" is needed");
        continue;
      }
      const std::string* text = name_text(*name, "method");
      if (!text) continue;
      if (const NamedTable* other = find(named, *text)) {
        problems_.add(name->place, "there are two methods \"" + *text +
                                       "\" (the other one is in line " +
                                       std::to_string(other->table->place.line) + ")");
        continue;
      }
      named.push_back({*text, table});
    }
    return named;
  }

  static const NamedTable* find(const std::vector<NamedTable>& tables, const std::string& name) {
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [&](const NamedTable& table) { return table.name == name; });
    return found == tables.end() ? nullptr : &*found;
  }

  /// Lays the overrides outside models and methods over the file.
  void apply_top_overrides(Node& root) {
    for (const Override& override : overrides_) {
      const std::string& first = override.path[0];
      const Place place = override.value.place;
      if (first == "model" || first == "method") continue;
      std::vector<std::string> keys = top_keys();
      std::erase_if(keys, [](const std::string& key) { return key == "grid" || key == "exclude"; });
      if (std::find(keys.begin(), keys.end(), first) == keys.end()) {
        problems_.add(place, "an experiment has no \"" + first + "\" that could be set" +
                                 suggestion(first, keys));
        continue;
      }
      if (first == "repeats") repeats_are_set_ = true;
      const bool is_table = first == "limits" || first == "evaluation";
      if (is_table ? override.path.size() != 2 : override.path.size() != 1) {
        problems_.add(place, "expected " + first + (is_table ? ".OPTION=value" : "=value"));
        continue;
      }
      assign(root, override.path, override.value);
    }
  }

  /// Checks that the overrides inside models and methods go somewhere.
  void check_block_overrides() {
    for (const Override& override : overrides_) {
      const std::string& first = override.path[0];
      const Place place = override.value.place;
      if (first != "model" && first != "method") continue;
      const auto& tables = first == "model" ? models_ : methods_;
      if (override.path.size() < 3)
        problems_.add(place, "expected " + first + ".NAME.OPTION=value");
      else if (!find(tables, override.path[1]))
        problems_.add(place, "there is no " + first + " \"" + override.path[1] + "\"" +
                                 suggestion(override.path[1], names_of(tables)));
      else if (override.path[2] == "name")
        problems_.add(place, "the name of a " + first + " cannot be changed");
    }
  }

  Json read_host_table(const HostTable& host, const Node* table, const std::string& owner,
                       bool complain) {
    Json resolved = Json::object();
    std::vector<std::string> names;
    for (const Option& option : host.options) {
      names.push_back(option.name);
      const Node* node = table ? table->find(option.name) : nullptr;
      std::optional<Json> value;
      if (node) value = check_value(option, *node, owner, context_);
      resolved[option.name] = value ? *value : default_value(option);
    }
    if (table && complain)
      for (const Member& member : table->members)
        if (std::find(names.begin(), names.end(), member.key) == names.end())
          problems_.add(member.place, owner + "there is no key \"" + member.key + "\"" +
                                          suggestion(member.key, names));
    return resolved;
  }

  Json read_section(const Node& root, const std::string& name) {
    const Node* table = root.find(name);
    if (table && !table->is(Type::table)) {
      problems_.add(table->place, "must be a table [" + name + "], got " + describe(*table));
      table = nullptr;
    }
    return read_host_table(host_table(name), table, name + ": ", true);
  }

  void read_top(const Node& root, Experiment& experiment) {
    const Json settings = read_host_table(host_table(""), &root, "", false);
    experiment.title = settings["title"];
    experiment.seed = settings["seed"];
    experiment.repeats = settings["repeats"];
    experiment.limits = read_section(root, "limits");
    experiment.evaluation = read_section(root, "evaluation");
  }

  Block read_block(bool is_model, const NamedTable& named, const Node* changes) {
    Node table = *named.table;
    if (changes) merge(table, *changes);
    for (const Override& override : overrides_)
      if (override.path.size() > 2 && override.path[0] == (is_model ? "model" : "method") &&
          override.path[1] == named.name && override.path[2] != "name")
        assign(table, {override.path.begin() + 2, override.path.end()}, override.value);
    return is_model ? blocks_.read_model(named.name, table)
                    : blocks_.read_method(named.name, table);
  }

  /// The blocks of one grid: those that `selected` lists (all when null), with `changes` laid over.
  std::vector<Block> read_blocks(bool is_model, const Node* selected, const Node* changes) {
    const std::vector<NamedTable>& tables = is_model ? models_ : methods_;
    const std::string kind = is_model ? "model" : "method";
    std::vector<std::string> names;
    if (!selected) {
      names = names_of(tables);
    } else if (!selected->is(Type::array)) {
      problems_.add(selected->place,
                    "grid: " + kind + "s must be a list of names, got " + describe(*selected));
    } else {
      if (selected->items.empty())
        problems_.add(selected->place, "grid: " + kind + "s must list at least one name, got []");
      for (const Node& item : selected->items) {
        if (!item.is(Type::text))
          problems_.add(item.place, "grid: a " + kind + " must be a name, got " + describe(item));
        else if (!find(tables, item.text))
          problems_.add(item.place, "grid: there is no " + kind + " \"" + item.text + "\"" +
                                        suggestion(item.text, names_of(tables)));
        else if (std::find(names.begin(), names.end(), item.text) != names.end())
          problems_.add(item.place, "grid: the " + kind + " \"" + item.text + "\" is listed twice");
        else
          names.push_back(item.text);
      }
    }
    if (changes) check_changes(kind, *changes, tables, names);
    std::vector<Block> blocks;
    for (const std::string& name : names) {
      const Node* change = changes ? changes->find(name) : nullptr;
      if (change && !change->is(Type::table)) change = nullptr;
      blocks.push_back(read_block(is_model, *find(tables, name), change));
      (is_model ? used_models_ : used_methods_).push_back(name);
    }
    return blocks;
  }

  void check_changes(const std::string& kind, const Node& changes,
                     const std::vector<NamedTable>& tables,
                     const std::vector<std::string>& selected) {
    if (!changes.is(Type::table)) {
      problems_.add(changes.place, "grid: " + kind + " must be a table with the name of a " + kind +
                                       " in it, got " + describe(changes));
      return;
    }
    for (const Member& member : changes.members) {
      if (!find(tables, member.key))
        problems_.add(member.place, "grid: there is no " + kind + " \"" + member.key + "\"" +
                                        suggestion(member.key, names_of(tables)));
      else if (std::find(selected.begin(), selected.end(), member.key) == selected.end())
        problems_.add(member.place, "grid: the " + kind + " \"" + member.key +
                                        "\" is changed here, but is not among the grid's " + kind +
                                        "s");
      else if (!member.value.is(Type::table))
        problems_.add(member.value.place, "grid: expected options of the " + kind + " \"" +
                                              member.key + "\", got " + describe(member.value));
      else if (const Node* name = member.value.find("name"))
        problems_.add(name->place, "grid: the name of a " + kind + " cannot be changed");
    }
  }

  std::vector<Grid> read_grids(const std::vector<const Node*>& tables, std::uint32_t repeats) {
    std::vector<Grid> grids;
    if (tables.empty()) {
      grids.push_back({top, read_blocks(true, nullptr, nullptr),
                       read_blocks(false, nullptr, nullptr), repeats});
      return grids;
    }
    const std::vector<std::string> keys{"models", "methods", "repeats", "model", "method"};
    for (const Node* table : tables) {
      for (const Member& member : table->members)
        if (std::find(keys.begin(), keys.end(), member.key) == keys.end())
          problems_.add(member.place, "grid: there is no key \"" + member.key + "\"" +
                                          suggestion(member.key, keys));
      Grid grid;
      grid.place = table->place;
      grid.models = read_blocks(true, table->find("models"), table->find("model"));
      grid.methods = read_blocks(false, table->find("methods"), table->find("method"));
      grid.repeats = repeats;
      if (const Node* node = table->find("repeats"); node && !repeats_are_set_) {
        const std::vector<Option>& options = host_table("").options;
        const auto option = std::find_if(options.begin(), options.end(),
                                         [](const Option& o) { return o.name == "repeats"; });
        if (const auto value = check_value(*option, *node, "grid: ", context_))
          grid.repeats = *value;
      }
      grids.push_back(std::move(grid));
    }
    report_unused("model", models_, used_models_);
    report_unused("method", methods_, used_methods_);
    return grids;
  }

  void report_unused(const std::string& kind, const std::vector<NamedTable>& tables,
                     const std::vector<std::string>& used) {
    for (const NamedTable& table : tables)
      if (std::find(used.begin(), used.end(), table.name) == used.end())
        problems_.add(table.table->place, "the " + kind + " \"" + table.name +
                                              "\" is in no [[grid]]; add it to one or remove it");
  }

  Problems problems_;
  ReadingContext context_;
  const Catalog& catalog_;
  BlockReader blocks_;
  std::vector<Override> overrides_;
  bool repeats_are_set_ = false;
  std::vector<NamedTable> models_, methods_;
  std::vector<std::string> used_models_, used_methods_;
};

}  // namespace

Experiment read_experiment(const std::filesystem::path& file, const std::string& text,
                           const std::vector<std::string>& overrides, const Catalog& catalog,
                           const DataFinder& find_data) {
  Experiment experiment = ExperimentReader(file, overrides, catalog, find_data).read(text);
  experiment.file = file;
  experiment.text = text;
  experiment.overrides = overrides;
  return experiment;
}

std::string read_experiment_text(const std::filesystem::path& file) {
  const auto fail = [&](const std::string& reason) {
    throw Error(file.string() + ": cannot be read as an experiment: " + reason);
  };
  if (std::filesystem::is_directory(file)) fail("it is a folder");
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(std::strerror(errno));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) fail(std::strerror(errno));
  return text;
}

DataFinder find_data_beside(const std::filesystem::path& file) {
  const char* folders = std::getenv("ELBOW_DATA");
  return find_data_in(std::filesystem::absolute(file).parent_path(), folders ? folders : "");
}

}  // namespace elbow
