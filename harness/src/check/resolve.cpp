#include "check/resolve.hpp"

#include <algorithm>
#include <cstdlib>
#include <elbow/error.hpp>

#include "config/nearest.hpp"
#include "config/option_value.hpp"
#include "config/overrides.hpp"
#include "plan/compile_programs.hpp"
#include "plan/options.hpp"

namespace elbow::check {
namespace {

const Option* find_option(const PluginInfo& info, const std::string& name) {
  const auto found = std::find_if(info.options.begin(), info.options.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == info.options.end() ? nullptr : &*found;
}

DataFinder find_data() {
  const char* folders = std::getenv("ELBOW_DATA");
  return find_data_in(std::filesystem::current_path(), folders ? folders : "");
}

/// A value with what the host makes of it.
Json built(const Option& option, Json value) {
  StanCompiler compiler = StanCompiler::from_environment();
  if (is_stan_program(option, value)) compile_program(value, compiler);
  return value;
}

}  // namespace

OptionMap resolve_options(const PluginInfo& info, const std::vector<std::string>& set,
                          const DataLoader& load_data) {
  Problems problems("", set);
  const DataFinder data = find_data();
  const CellFinder no_cells;
  const ReadingContext context{problems, data, no_cells};
  const std::string owner = std::string(kind_name(info.kind)) + " \"" + info.name + "\": ";
  std::vector<std::string> names;
  for (const Option& option : info.options) names.push_back(option.name);

  Json values = Json::object();
  for (const Override& given : parse_overrides(set, problems, "OPTION=VALUE")) {
    std::string name;
    for (const std::string& key : given.path) name += (name.empty() ? "" : ".") + key;
    const Option* option = find_option(info, name);
    if (!option)
      problems.add(given.value.place,
                   owner + "there is no option \"" + name + "\"" + suggestion(name, names));
    else if (const auto value = check_value(*option, given.value, owner, context))
      values[name] = built(*option, *value);
  }
  for (const Option& option : info.options) {
    if (values.contains(option.name)) continue;
    if (option.standard) values[option.name] = default_value(option);
    if (option.is_required)
      problems.add({}, owner + "the option \"" + option.name + "\" is required: " + option.help +
                           "; give it with --set " + option.name + "=...");
  }
  problems.throw_if_any();
  return option_values({info.kind, info.name, values}, info, load_data);
}

bool made_from_defaults(const PluginInfo& info) {
  return std::none_of(info.options.begin(), info.options.end(),
                      [](const Option& option) { return option.is_required; });
}

bool accepts(const Option& option, double value) {
  Problems problems("", {});
  const DataFinder data = find_data();
  const CellFinder no_cells;
  Node node;
  node.type = option.type == OptionType::integer ? Node::Type::integer : Node::Type::real;
  node.integer = std::int64_t(value);
  node.real = value;
  return check_value(option, node, "", {problems, data, no_cells}).has_value();
}

}  // namespace elbow::check
