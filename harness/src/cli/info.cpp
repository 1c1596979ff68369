#include <elbow/error.hpp>
#include <iostream>

#include "cli/option_table.hpp"
#include "cli/plugin_arguments.hpp"
#include "cli/verbs.hpp"
#include "config/host_options.hpp"
#include "config/nearest.hpp"
#include "data/printable.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

void print_abilities(const char* heading, Ability abilities) {
  const std::vector<AbilityText> texts = describe_abilities(abilities);
  if (texts.empty()) return;
  std::cout << '\n' << heading << '\n';
  for (const AbilityText& text : texts) {
    std::string name = text.name;
    name.resize(std::max<std::size_t>(name.size(), 17) + 2, ' ');
    std::cout << "  " << name << text.words << '\n';
  }
}

/// What depends on the value of an option: `with entropy = closed`.
void print_conditions(const PluginInfo& plugin) {
  for (const Option& option : plugin.options)
    for (const Condition& condition : option.conditions) {
      const std::string with = " with " + option.name + " = " + condition.value + ":";
      print_abilities(("Offers" + with).c_str(), condition.provides);
      print_abilities(("Needs of the model" + with).c_str(), condition.needs_of_model);
      print_abilities(("Needs of the family" + with).c_str(), condition.needs_of_family);
    }
}

void print_partners(const PluginInfo& plugin) {
  if (plugin.kind == Kind::estimator)
    std::cout << "\nUsed with: " << (plugin.uses_family ? "a family" : "no family") << ", "
              << (plugin.uses_optimizer ? "an optimizer" : "no optimizer") << '\n';
  if (plugin.kind == Kind::sampler)
    std::cout << "\nChains: "
              << (plugin.population ? "one population of particles" : "independent of each other")
              << '\n';
}

void print_plugin(const PluginInfo& plugin) {
  std::cout << kind_name(plugin.kind) << '/' << plugin.name << ": " << plugin.summary << '\n';
  if (!plugin.source.empty()) std::cout << "Source: " << plugin.source << '\n';
  std::cout << "File: " << plugin.file.string() << '\n';
  print_partners(plugin);
  print_abilities("Offers:", plugin.provides);
  print_abilities("Needs of the model:", plugin.needs_of_model);
  print_abilities("Needs of the family:", plugin.needs_of_family);
  print_conditions(plugin);
  std::cout << (plugin.options.empty() ? "\nNo options.\n" : "\nOptions:\n");
  if (!plugin.options.empty()) print_options(std::cout, plugin.options);
}

Json ability_list(Ability abilities) {
  Json names = Json::array();
  for (const AbilityText& text : describe_abilities(abilities)) names.push_back(text.name);
  return names;
}

Json as_json(const PluginInfo& plugin) {
  Json options = options_as_json(plugin.options);
  for (std::size_t i = 0; i < plugin.options.size(); ++i)
    for (const Condition& condition : plugin.options[i].conditions)
      options[i]["conditions"].push_back(
          {{"value", condition.value},
           {"provides", ability_list(condition.provides)},
           {"needs_of_model", ability_list(condition.needs_of_model)},
           {"needs_of_family", ability_list(condition.needs_of_family)}});
  return {{"kind", kind_name(plugin.kind)},
          {"name", plugin.name},
          {"summary", plugin.summary},
          {"source", plugin.source},
          {"file", plugin.file.string()},
          {"uses_family", plugin.uses_family},
          {"uses_optimizer", plugin.uses_optimizer},
          {"population", plugin.population},
          {"provides", ability_list(plugin.provides)},
          {"needs_of_model", ability_list(plugin.needs_of_model)},
          {"needs_of_family", ability_list(plugin.needs_of_family)},
          {"options", std::move(options)}};
}

constexpr const char* grid_text = R"(
Cells are the product of all [[model]]s, all [[method]]s and the replicates. A method has
an estimator (with its family and optimizer), a sampler, or both:
  [[model]]
  plugin    = "gaussian"
  [[method]]
  name      = "mean-field"
  family    = { plugin = "gaussian_mean_field" }
  estimator = { plugin = "reparameterized", draws = 10 }
  optimizer = { plugin = "adam" }

Any option of a plugin or a method, and any plugin, may be an axis of the grid:
  x = { each = [1, 2] }                  every value, crossed with all other axes
  x = { each = [1, 2], zip = "a" }       in step with the block's other axes zipped as "a"
  x = { ablate = [1, 3], base = 2 }      the base; off it, one ablated axis at a time

Cells that are left out, and products that add up instead of one of everything:
  [[exclude]]                            cells for which all of this holds
  model.x = [1, 2]                       also method.optimizer.x, method = "name", replicate
  [[grid]]                               several: their cells are merged
  models  = ["name"]                     those of this grid; absent: all
  methods = ["name"]
  repeats = 10
  model.NAME.x = { each = [1, 2] }       other options in this grid

The whole language, by example: )";

/// Where the language's page is installed, or built.
std::filesystem::path grid_page() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() /
         "share/elbow/experiments.md";
}

void print_experiment_text() {
  std::cout << "What an experiment file may say besides its models and methods; "
               "`elbow info KIND/NAME`\nprints the options of a plugin.\n";
  for (const HostTable& table : host_tables()) {
    std::cout << '\n'
              << (table.name.empty() ? "At the top" : '[' + table.name + ']') << ": " << table.help
              << '\n';
    print_options(std::cout, table.options);
  }
  std::cout << grid_text << grid_page().string() << '\n';
}

Json experiment_as_json() {
  Json tables = Json::array();
  for (const HostTable& table : host_tables())
    tables.push_back(
        {{"table", table.name}, {"help", table.help}, {"options", options_as_json(table.options)}});
  return tables;
}

void refuse_nearly_experiment(const std::string& word) {
  if (!nearest_name(word, {"experiment", "experiments"}).empty())
    throw Error("expected KIND/NAME or experiment, got \"" + printable(word) +
                "\"; did you mean \"experiment\"?");
}

void print_json(const Json& json) {
  std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace

int verb_info(const std::vector<std::string>& arguments) {
  CallSyntax syntax{
      "info",
      "Explains a plugin: what it is, offers and needs, and its options with types, defaults,\n"
      "bounds and units. `elbow info experiment` explains experiment files: the options of\n"
      "the program and the language of the grid.",
      {{"KIND/NAME", "a plugin, for example family/gaussian_mean_field; or: experiment"}},
      {}};
  add_plugins_option(syntax.options);
  add_format_option(syntax.options);
  const std::optional<Call> call = parse_call(syntax, arguments);
  if (!call) return 0;

  const bool json = wants_json(*call);
  if (call->positionals[0] == "experiment") {
    json ? print_json(experiment_as_json()) : print_experiment_text();
    return 0;
  }
  const std::vector<std::filesystem::path> folders = plugin_folders_of(*call);
  refuse_nearly_experiment(call->positionals[0]);
  const PluginInfo plugin = find_plugin(folders, parse_plugin_name(call->positionals[0], folders));
  json ? print_json(as_json(plugin)) : print_plugin(plugin);
  return 0;
}

}  // namespace elbow
