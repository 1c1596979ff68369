#include "cli/plugin_arguments.hpp"

#include <elbow/error.hpp>

#include "config/nearest.hpp"
#include "data/printable.hpp"
#include "plugins/folders.hpp"

namespace elbow {

namespace po = boost::program_options;

void add_plugins_option(po::options_description& options) {
  options.add_options()("plugins",
                        po::value<std::vector<std::string>>()->composing()->value_name("DIR"),
                        "another folder of plugins, DIR/<kind>/<name>.so; may be repeated");
}

std::vector<std::filesystem::path> plugin_folders_of(const Call& call) {
  std::vector<std::filesystem::path> given;
  if (call.options.count("plugins"))
    for (const std::string& folder : call.options["plugins"].as<std::vector<std::string>>())
      given.emplace_back(folder);
  return plugin_folders(given);
}

void add_format_option(po::options_description& options) {
  options.add_options()("format",
                        po::value<std::string>()->default_value("text")->value_name("FORMAT"),
                        "text or json");
}

bool wants_json(const Call& call) {
  const auto& format = call.options["format"].as<std::string>();
  if (format != "text" && format != "json")
    throw Error("--format must be text or json, got \"" + format + '"');
  return format == "json";
}

Kind parse_kind(const std::string& word) {
  if (const std::optional<Kind> kind = kind_from_name(word)) return *kind;
  std::vector<std::string> names;
  for (Kind kind : all_kinds) names.push_back(kind_name(kind));
  throw Error("there is no kind \"" + printable(word) + '"' + suggestion(word, names));
}

PluginName parse_plugin_name(const std::string& text,
                             const std::vector<std::filesystem::path>& folders) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos && slash > 0 && slash + 1 < text.size())
    return {parse_kind(text.substr(0, slash)), text.substr(slash + 1)};
  std::vector<std::string> exact, near;
  for (const Kind kind : all_kinds) {
    const std::vector<std::string> names = plugin_names(folders, kind);
    const std::string name = nearest_name(text, names);
    if (!name.empty())
      (name == text ? exact : near).push_back(std::string(kind_name(kind)) + '/' + name);
  }
  std::string meant;
  for (const std::string& name : exact.empty() ? near : exact)
    meant += (meant.empty() ? "; did you mean " : " or ") + name;
  throw Error("expected KIND/NAME, for example family/gaussian_mean_field, got \"" +
              printable(text) + '"' + (meant.empty() ? "" : meant + "?"));
}

PluginInfo find_plugin(const std::vector<std::filesystem::path>& folders, const PluginName& name) {
  const Catalog catalog = scan_plugins(folders, {name});
  if (const PluginInfo* plugin = catalog.find(name.kind, name.name)) return *plugin;
  if (const PluginRefusal* refused = catalog.refusal(name.kind, name.name))
    throw Error(refused->reason);
  throw Error(std::string("there is no ") + kind_name(name.kind) + " \"" + printable(name.name) +
              '"' + suggestion(name.name, plugin_names(folders, name.kind)));
}

}  // namespace elbow
