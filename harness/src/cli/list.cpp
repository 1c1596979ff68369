#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/list_posteriors.hpp"
#include "cli/plugin_arguments.hpp"
#include "cli/verbs.hpp"
#include "plugins/folders.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

std::string full_name(Kind kind, const std::string& name) {
  return std::string(kind_name(kind)) + '/' + name;
}

Catalog scan(const Call& call) {
  const std::vector<std::filesystem::path> folders = plugin_folders_of(call);
  if (call.positionals.empty()) return scan_plugins(folders);
  const Kind kind = parse_kind(call.positionals[0]);
  std::vector<PluginName> wanted;
  for (const std::string& name : plugin_names(folders, kind)) wanted.push_back({kind, name});
  return scan_plugins(folders, wanted);
}

void print_text(const Catalog& catalog) {
  std::size_t width = 0;
  for (const PluginInfo& plugin : catalog.plugins)
    width = std::max(width, full_name(plugin.kind, plugin.name).size());
  for (const PluginInfo& plugin : catalog.plugins) {
    std::string name = full_name(plugin.kind, plugin.name);
    name.resize(width + 2, ' ');
    std::cout << name << plugin.summary << '\n';
  }
  std::cout.flush();
}

void print_json(const Catalog& catalog) {
  Json plugins = Json::array(), refused = Json::array();
  for (const PluginInfo& plugin : catalog.plugins)
    plugins.push_back({{"kind", kind_name(plugin.kind)},
                       {"name", plugin.name},
                       {"summary", plugin.summary},
                       {"file", plugin.file.string()}});
  for (const PluginRefusal& refusal : catalog.refusals)
    refused.push_back({{"kind", kind_name(refusal.kind)},
                       {"name", refusal.name},
                       {"file", refusal.file.string()},
                       {"reason", refusal.reason}});
  std::cout << Json{{"plugins", plugins}, {"refused", refused}}.dump(2, ' ', false,
                                                                     Json::error_handler_t::replace)
            << std::endl;
}

}  // namespace

int verb_list(const std::vector<std::string>& arguments) {
  CallSyntax syntax{
      "list",
      "Lists the plugins of all plugin folders: the installed ones, those of $ELBOW_PLUGIN_PATH\n"
      "(folders separated by colons) and those of --plugins. Libraries that cannot be used are\n"
      "named last, with the reason, and make the exit status 1.\n"
      "`elbow list posteriordb` lists the posteriors of the checkout that $POSTERIORDB names.",
      {{"KIND",
        "model, family, estimator, optimizer or sampler, all when left out; or: posteriordb",
        false}},
      {}};
  add_plugins_option(syntax.options);
  add_format_option(syntax.options);
  const std::optional<Call> call = parse_call(syntax, arguments);
  if (!call) return 0;

  const bool json = wants_json(*call);
  if (!call->positionals.empty() && call->positionals[0] == "posteriordb")
    return list_posteriors(json);
  const Catalog catalog = scan(*call);
  json ? print_json(catalog) : print_text(catalog);
  for (const PluginRefusal& refusal : catalog.refusals)
    std::cerr << "refused: " << refusal.reason << '\n';
  return catalog.refusals.empty() ? 0 : 1;
}

}  // namespace elbow
