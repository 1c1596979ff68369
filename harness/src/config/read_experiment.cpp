#include "config/read_experiment.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "config/block_reader.hpp"
#include "config/exclude_reader.hpp"
#include "config/grid_reader.hpp"
#include "config/host_table_reader.hpp"
#include "config/named_tables.hpp"
#include "config/nearest.hpp"
#include "config/overrides.hpp"
#include "config/toml_reader.hpp"

namespace elbow {
namespace {

using Type = Node::Type;

constexpr Place top{1, 1, 0};

class ExperimentReader {
 public:
  ExperimentReader(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                   const Catalog& catalog, const DataFinder& find_data, const CellFinder& find_cell)
      : problems_(file.string(), overrides),
        context_{problems_, find_data, find_cell},
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
    models_ = name_models(models, problems_);
    methods_ = name_methods(methods, problems_);
    check_block_overrides();
    read_top(root, experiment);
    experiment.grids = GridReader(models_, methods_, overrides_, blocks_, context_)
                           .read(tables_of(root, "grid", false), experiment.repeats);
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
      else if (!find_table(tables, override.path[1]))
        problems_.add(place, no_such_block(override.path, table_names(tables)));
      else if (override.path[2] == "name")
        problems_.add(place, "the name of a " + first + " cannot be changed");
    }
  }

  /// The names are as they must be typed behind --set.
  static std::string no_such_block(const std::vector<std::string>& path,
                                   const std::vector<std::string>& names) {
    std::string near = nearest_name(path[1], names);
    // The dots of a name that is not quoted have split it.
    std::string rest = path[1];
    for (std::size_t i = 2; i < path.size() && near.empty(); ++i) {
      rest += "." + path[i];
      if (std::find(names.begin(), names.end(), rest) != names.end()) near = rest;
    }
    std::string text = "there is no " + path[0] + " \"" + path[1] + "\"";
    if (!near.empty()) return text + "; did you mean " + path_text({path[0], near}) + "?";
    for (const std::string& name : names)
      text += (&name == &names[0] ? "; there are " : ", ") + path_text({path[0], name});
    return text;
  }

  void read_top(const Node& root, Experiment& experiment) {
    const Json settings = read_top_options(root, context_);
    experiment.title = settings["title"];
    experiment.seed = settings["seed"];
    experiment.repeats = settings["repeats"];
    experiment.limits = read_section(root, "limits", context_);
    experiment.evaluation = read_section(root, "evaluation", context_);
    // It is there where it has an effect, so that what a cell is made from says what it is.
    if (settings["kind"] != "calibration") experiment.evaluation.erase("calibration_draws");
  }

  Problems problems_;
  ReadingContext context_;
  const Catalog& catalog_;
  BlockReader blocks_;
  std::vector<Override> overrides_;
  std::vector<NamedTable> models_, methods_;
};

}  // namespace

Experiment read_experiment(const std::filesystem::path& file, const std::string& text,
                           const std::vector<std::string>& overrides, const Catalog& catalog,
                           const DataFinder& find_data, const CellFinder& find_cell) {
  Experiment experiment =
      ExperimentReader(file, overrides, catalog, find_data, find_cell).read(text);
  experiment.file = file;
  experiment.text = text;
  experiment.overrides = overrides;
  return experiment;
}

std::string read_experiment_text(const std::filesystem::path& file) {
  const auto fail = [&](const std::string& reason) {
    throw Error(file.string() + ": cannot be read as an experiment: " + reason);
  };
  if (file.empty()) throw Error("expected the name of an experiment file, got an empty one");
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
