#include "config/host_table_reader.hpp"

#include <algorithm>

#include "config/nearest.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

Json read_options(const HostTable& host, const Node* table, const std::string& owner,
                  const ReadingContext& context) {
  Json resolved = Json::object();
  for (const Option& option : host.options) {
    const Node* node = table ? table->find(option.name) : nullptr;
    std::optional<Json> value;
    if (node) value = check_value(option, *node, owner, context);
    resolved[option.name] = value ? *value : default_value(option);
  }
  return resolved;
}

void report_other_keys(const HostTable& host, const Node& table, const std::string& owner,
                       Problems& problems) {
  std::vector<std::string> names;
  for (const Option& option : host.options) names.push_back(option.name);
  for (const Member& member : table.members)
    if (std::find(names.begin(), names.end(), member.key) == names.end())
      problems.add(member.place, owner + "there is no key \"" + member.key + "\"" +
                                     suggestion(member.key, names));
}

}  // namespace

const HostTable& host_table(const std::string& name) {
  return *std::find_if(host_tables().begin(), host_tables().end(),
                       [&](const HostTable& table) { return table.name == name; });
}

Json read_top_options(const Node& root, const ReadingContext& context) {
  return read_options(host_table(""), &root, "", context);
}

Json read_section(const Node& root, const std::string& name, const ReadingContext& context) {
  const Node* table = root.find(name);
  if (table && !table->is(Node::Type::table)) {
    context.problems.add(table->place, "must be a table [" + name + "], got " + describe(*table));
    table = nullptr;
  }
  const HostTable& host = host_table(name);
  if (table) report_other_keys(host, *table, name + ": ", context.problems);
  return read_options(host, table, name + ": ", context);
}

}  // namespace elbow
