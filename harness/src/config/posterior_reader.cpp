#include "config/posterior_reader.hpp"

#include <algorithm>

#include "config/axis_reader.hpp"
#include "config/nearest.hpp"
#include "data/posteriordb.hpp"

namespace elbow {
namespace {

using Type = Node::Type;
constexpr const char* posterior_key = "posteriordb";

Node text_node(const std::string& text, const Place& place) {
  Node node;
  node.type = Type::text;
  node.place = place;
  node.text = text;
  return node;
}

/// A value, or an axis of the kind that the names have.
Node same_axis(const Axis& axis, const Place& place, const std::vector<Node>& values) {
  if (axis.kind == AxisKind::fixed) return values.front();
  Node list, table;
  list.type = Type::array;
  list.place = table.place = place;
  const bool is_ablation = axis.kind == AxisKind::ablate;
  list.items.assign(values.begin() + (is_ablation ? 1 : 0), values.end());
  table.members.push_back({is_ablation ? "ablate" : "each", place, std::move(list)});
  if (is_ablation) table.members.push_back({"base", place, values.front()});
  table.members.push_back({"zip", place, text_node(axis.zip, place)});
  return table;
}

class PosteriorReader {
 public:
  PosteriorReader(Node& table, const Catalog& catalog, const ReadingContext& context)
      : table_(table), catalog_(catalog), context_(context) {}

  std::optional<PosteriorChoice> read() {
    const Node names = *table_.find(posterior_key);  // adding to the table moves what is in it
    place_ = names.place;
    if (!read_names(names)) return {};
    try {
      const PosteriorDatabase database = PosteriorDatabase::from_environment();
      for (const Node& name : names_) look_up(name, database);
    } catch (const Error& error) {
      problem(place_, error.what());
    }
    if (!good_) return {};
    if (!table_.find("plugin"))
      table_.members.push_back({"plugin", place_, text_node("stan", place_)});
    add_options();
    if (!good_) return {};
    return std::move(choice_);
  }

 private:
  void problem(const Place& place, const std::string& text) {
    context_.problems.add(place, std::string("model: ") + posterior_key + ": " + text);
    good_ = false;
  }

  bool read_names(const Node& names) {
    Setting& setting = choice_.setting;
    setting.name = posterior_key;
    if (is_axis(names)) {
      const auto axis = read_axis(names, std::string("model: ") + posterior_key, context_.problems);
      if (!axis) return false;
      setting.axis = axis->axis;
      if (setting.axis.zip.empty()) setting.axis.zip = posterior_key;
      for (const Node* name : axis->values) names_.push_back(*name);
    } else {
      names_.push_back(names);
    }
    return true;
  }

  void look_up(const Node& node, const PosteriorDatabase& database) {
    if (!node.is(Type::text))
      return problem(node.place, "must be the name of a posterior, got " + describe(node));
    const std::string name = database.resolved(node.text);
    const std::vector<std::string>& known = database.names();
    if (!std::binary_search(known.begin(), known.end(), name)) {
      const std::string near = nearest_name(node.text, known);
      return problem(node.place, "there is no posterior \"" + node.text + "\" in " +
                                     database.root().string() +
                                     (near.empty() ? "; `elbow list posteriordb` lists them"
                                                   : "; did you mean \"" + near + "\"?"));
    }
    if (std::find_if(posteriors_.begin(), posteriors_.end(), [&](const DatabasePosterior& other) {
          return other.name == name;
        }) != posteriors_.end())
      return problem(node.place, "the axis has the posterior \"" + name + "\" twice");
    try {
      posteriors_.push_back(database.posterior(name));
      const DatabasePosterior& posterior = posteriors_.back();
      Json value{{"posterior", name}};
      if (!posterior.reference.empty()) {
        const DataFile file = context_.find_data({posterior.reference.string(), "", ""});
        value["reference"] = {{"path", file.path.string()}, {"sha256", file.sha256}};
      } else if (!posterior.reference_name.empty() && !table_.find("reference")) {
        problem(node.place, "the reference draws \"" + posterior.reference_name + "\" of " + name +
                                " are not in " + database.root().string());
      }
      choice_.setting.values.push_back(std::move(value));
      choice_.setting.places.push_back(node.place);
    } catch (const Error& error) {
      problem(node.place, error.what());
    }
  }

  /// The option of that name where the plugin has one and the file does not give it.
  const Option* open_option(const std::string& name) const {
    const Node* plugin = table_.find("plugin");
    if (!plugin->is(Type::text) || table_.find(name)) return nullptr;
    const PluginInfo* info = catalog_.find(Kind::model, plugin->text);
    if (!info) return nullptr;
    const auto option = std::find_if(info->options.begin(), info->options.end(),
                                     [&](const Option& o) { return o.name == name; });
    return option == info->options.end() ? nullptr : &*option;
  }

  void add_options() {
    if (const Option* data = open_option("data"))
      add("data", [&](const DatabasePosterior& posterior) {
        if (posterior.data.empty())
          throw Error("the data \"" + posterior.data_name + "\" of " + posterior.name +
                      " are not in the checkout (data/data/" + posterior.data_name + ".json.zip)");
        // A plugin that reads the file itself expects it as CmdStan does.
        return data->type == OptionType::table ? posterior.data : unpacked(posterior.data);
      });
    if (open_option("source") && !table_.find("library"))
      add("source", [](const DatabasePosterior& posterior) {
        if (posterior.program.empty())
          throw Error("the Stan program \"" + posterior.model_name + "\" of " + posterior.name +
                      " is not in the checkout (models/stan/" + posterior.model_name +
                      ".stan); with library = \"...\" it is not needed");
        return posterior.program;
      });
    // Reference draws are of transformed parameters too, as eight schools' theta.
    constexpr const char* transformed = "transformed_parameters";
    if (const Option* include = open_option("include");
        include && std::find(include->choices.begin(), include->choices.end(), transformed) !=
                       include->choices.end()) {
      table_.members.push_back({"include", place_, text_node(transformed, place_)});
      choice_.added.push_back("include");
    }
  }

  template <class File>
  void add(const std::string& name, const File& file_of) {
    std::vector<Node> files;
    for (std::size_t i = 0; i < posteriors_.size(); ++i) {
      const Place& place = choice_.setting.places[i];
      try {
        files.push_back(text_node(file_of(posteriors_[i]).string(), place));
      } catch (const Error& error) {
        problem(place, error.what());
      }
    }
    if (!good_) return;
    table_.members.push_back({name, place_, same_axis(choice_.setting.axis, place_, files)});
    choice_.added.push_back(name);
  }

  Node& table_;
  const Catalog& catalog_;
  const ReadingContext& context_;
  Place place_;
  std::vector<Node> names_;
  std::vector<DatabasePosterior> posteriors_;
  PosteriorChoice choice_;
  bool good_ = true;
};

}  // namespace

std::optional<PosteriorChoice> read_posteriors(Node& table, const Catalog& catalog,
                                               const ReadingContext& context) {
  return PosteriorReader(table, catalog, context).read();
}

std::string posterior_name(const nlohmann::ordered_json& value) {
  if (!value.is_object()) return "";
  const auto name = value.find("posterior");
  return name == value.end() ? "" : name->get<std::string>();
}

}  // namespace elbow
