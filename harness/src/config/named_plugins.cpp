#include "config/named_plugins.hpp"

#include <algorithm>

#include "config/block_reader.hpp"
#include "config/overrides.hpp"
#include "config/toml_reader.hpp"

namespace elbow {
namespace {

class NameCollector {
 public:
  std::vector<PluginName> take() { return std::move(names_); }

  /// A slot: a name, a table with a plugin, a list of these, or an axis over them.
  void slot(Kind kind, const Node& node) {
    if (node.is(Node::Type::text)) add(kind, node.text);
    for (const Node& item : node.items) slot(kind, item);
    for (const char* key : {"plugin", "each", "ablate", "base"})
      if (const Node* inner = node.find(key)) slot(kind, *inner);
  }

  void model(const Node& table) {
    if (const Node* plugin = table.find("plugin"))
      slot(Kind::model, *plugin);
    else if (table.find("posteriordb"))
      add(Kind::model, "stan");
  }

  void method(const Node& table) {
    for (Kind kind : method_slots)
      if (const Node* node = table.find(kind_name(kind))) slot(kind, *node);
  }

  /// Tables of models or methods by name.
  void changes(const Node& root) {
    if (const Node* models = root.find("model"))
      for (const Member& member : models->members) model(member.value);
    if (const Node* methods = root.find("method"))
      for (const Member& member : methods->members) method(member.value);
  }

 private:
  void add(Kind kind, const std::string& name) {
    if (std::none_of(names_.begin(), names_.end(), [&](const PluginName& known) {
          return known.kind == kind && known.name == name;
        }))
      names_.push_back({kind, name});
  }

  std::vector<PluginName> names_;
};

}  // namespace

std::vector<PluginName> named_plugins(const std::string& text,
                                      const std::vector<std::string>& overrides) {
  NameCollector collector;
  try {
    const Node root = read_toml(text);
    if (const Node* models = root.find("model"))
      for (const Node& table : models->items) collector.model(table);
    if (const Node* methods = root.find("method"))
      for (const Node& table : methods->items) collector.method(table);
    if (const Node* grids = root.find("grid"))
      for (const Node& table : grids->items) collector.changes(table);
  } catch (const TomlError&) {
    return {};
  }
  Problems problems("", overrides);
  Node set;
  for (const Override& override : parse_overrides(overrides, problems))
    assign(set, override.path, override.value);
  collector.changes(set);
  return collector.take();
}

}  // namespace elbow
