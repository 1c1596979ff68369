#include "config/block_reader.hpp"

#include <algorithm>
#include <map>

#include "config/axis_reader.hpp"
#include "config/host_options.hpp"
#include "config/host_table_reader.hpp"
#include "config/nearest.hpp"
#include "config/posterior_reader.hpp"

namespace elbow {
namespace {

using Type = Node::Type;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string with_article(Kind kind) {
  std::string text = kind == Kind::estimator || kind == Kind::optimizer ? "an " : "a ";
  return text.append(kind_name(kind));
}

std::vector<std::string> names_of(const std::vector<Option>& options) {
  std::vector<std::string> names;
  for (const Option& option : options) names.push_back(option.name);
  return names;
}

const Option* find_option(const std::vector<Option>& options, const std::string& name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

const Slot* find_slot(const Block& block, Kind kind) {
  const auto found = std::find_if(block.slots.begin(), block.slots.end(),
                                  [&](const Slot& slot) { return slot.kind == kind; });
  return found == block.slots.end() ? nullptr : &*found;
}

bool is_stop_option(const std::string& name) {
  return std::any_of(host_tables().begin(), host_tables().end(), [&](const HostTable& table) {
    return table.name == "method.stop" && find_option(table.options, name) != nullptr;
  });
}

}  // namespace

std::string BlockReader::unknown_plugin(Kind kind, const std::string& name) const {
  if (const PluginRefusal* refusal = catalog_.refusal(kind, name))
    return std::string("the ") + kind_name(kind) + " \"" + name +
           "\" cannot be used: " + refusal->reason;
  for (Kind other : {Kind::model, Kind::family, Kind::estimator, Kind::optimizer, Kind::sampler})
    if (other != kind && catalog_.find(other, name))
      return "\"" + name + "\" is " + with_article(other) + ", not " + with_article(kind);
  std::vector<std::string> names;
  for (const PluginInfo& plugin : catalog_.plugins)
    if (plugin.kind == kind) names.push_back(plugin.name);
  std::string text =
      "there is no " + std::string(kind_name(kind)) + " \"" + name + "\"" + suggestion(name, names);
  return text;
}

std::optional<Setting> BlockReader::read_setting(const Option& option, const Node& node,
                                                 const std::string& owner) const {
  Setting setting;
  setting.name = option.name;
  if (!is_axis(node)) {
    auto value = check_value(option, node, owner, context_);
    if (!value) return {};
    setting.values.push_back(std::move(*value));
    setting.places.push_back(node.place);
    return setting;
  }
  const auto axis = read_axis(node, owner + option.name, context_.problems);
  if (!axis) return {};
  setting.axis = axis->axis;
  for (const Node* item : axis->values)
    if (auto value = check_value(option, *item, owner, context_)) {
      setting.values.push_back(std::move(*value));
      setting.places.push_back(item->place);
    }
  if (setting.values.size() != axis->values.size()) return {};
  if (setting.axis.zip.empty()) {
    // Sorted copies find a repeated value in less than quadratic time.
    std::map<Json, std::size_t> seen;
    for (std::size_t i = 0; i < setting.values.size(); ++i)
      if (!seen.emplace(setting.values[i], i).second) {
        context_.problems.add(axis->values[i]->place, owner + option.name +
                                                          ": the axis has the value " +
                                                          setting.values[i].dump() + " twice");
        return {};
      }
  }
  return setting;
}

std::optional<PluginChoice> BlockReader::read_choice(
    Kind kind, const Node& plugin, const Node* table,
    const std::vector<std::string>& reserved) const {
  if (!plugin.is(Type::text)) {
    context_.problems.add(plugin.place, std::string(kind_name(kind)) +
                                            ": plugin must be a name, got " + describe(plugin));
    return {};
  }
  const PluginInfo* info = catalog_.find(kind, plugin.text);
  if (!info) {
    context_.problems.add(plugin.place, unknown_plugin(kind, plugin.text));
    return {};
  }
  const std::string owner = std::string(kind_name(kind)) + " \"" + info->name + "\"";
  PluginChoice choice{info->name, info->name, {}};
  if (table) {
    for (const Member& member : table->members) {
      if (contains(reserved, member.key)) continue;
      const Option* option = find_option(info->options, member.key);
      if (!option) {
        const std::string text = owner + " has no option \"" + member.key + "\"" +
                                 suggestion(member.key, names_of(info->options), reserved);
        context_.problems.add(member.place, info->options.empty() ? text + "; it has none" : text);
      } else if (auto setting = read_setting(*option, member.value, owner + ": ")) {
        choice.settings.push_back(std::move(*setting));
      }
    }
  }
  for (const Option& option : info->options)
    if (option.is_required && !(table && table->find(option.name)))
      context_.problems.add(table ? table->place : plugin.place,
                            owner + ": the option \"" + option.name + "\" is required (" +
                                type_text(option.type) + ": " + option.help + ")");
  return choice;
}

std::vector<PluginChoice> BlockReader::read_choices(
    Kind kind, const Node& node, Axis* plugin_axis,
    const std::vector<std::string>& reserved) const {
  std::vector<PluginChoice> choices;
  const auto add = [&](std::optional<PluginChoice> choice) {
    if (choice) choices.push_back(std::move(*choice));
  };
  const Node* plugin = node.is(Type::table) ? node.find("plugin") : nullptr;
  if (node.is(Type::text)) {
    add(read_choice(kind, node, nullptr, reserved));
  } else if (!plugin) {
    std::string text = std::string(kind_name(kind)) + " must be { plugin = \"...\", ... }";
    if (node.is(Type::table)) {
      text += ", but there is no key \"plugin\"" + misspelt(node, "plugin");
    } else {
      text += " or a plugin's name, got " + describe(node);
    }
    context_.problems.add(node.place, text);
  } else if (is_axis(*plugin) && plugin_axis) {
    if (const auto axis =
            read_axis(*plugin, std::string(kind_name(kind)) + ": plugin", context_.problems)) {
      *plugin_axis = axis->axis;
      for (const Node* name : axis->values) add(read_choice(kind, *name, &node, reserved));
    }
  } else {
    add(read_choice(kind, *plugin, &node, reserved));
  }
  return choices;
}

Slot BlockReader::read_slot(Kind kind, const Node& node) const {
  Slot slot{kind, {}, {}};
  if (is_axis(node)) {
    if (const auto axis = read_axis(node, kind_name(kind), context_.problems)) {
      slot.axis = axis->axis;
      for (const Node* item : axis->values)
        for (PluginChoice& choice : read_choices(kind, *item, nullptr, {"plugin"}))
          slot.choices.push_back(std::move(choice));
    }
  } else {
    slot.choices = read_choices(kind, node, &slot.axis, {"plugin"});
  }
  std::map<std::string, int> times;
  for (PluginChoice& choice : slot.choices)
    if (const int n = ++times[choice.plugin]; n > 1)
      choice.label.append("#").append(std::to_string(n));
  return slot;
}

Block BlockReader::read_model(const std::string& name, const Node& table) const {
  Block block{name, table.place, {}, {}};
  Node full = table;
  std::vector<std::string> added;
  if (table.find("posteriordb")) {
    auto posteriors = read_posteriors(full, catalog_, context_);
    if (!posteriors) {
      block.slots.push_back({Kind::model, {}, {}});
      return block;
    }
    block.settings.push_back(std::move(posteriors->setting));
    added = std::move(posteriors->added);
  }
  const std::string owner = "model \"" + name + "\": ";
  std::vector<std::string> reserved{"name", "plugin", "posterior_of"};
  for (const HostTable& host : host_tables()) {
    if (host.name != "model") continue;
    for (const Option& option : host.options) {
      reserved.push_back(option.name);
      const Node* node = option.name == "posteriordb" ? nullptr : table.find(option.name);
      if (!node) continue;
      std::optional<Node> value = *node;
      if (option.name == "trained")
        value =
            with_chosen_cells(*node, owner + "trained: ", context_.find_cell, context_.problems);
      if (!value) continue;
      if (auto setting = read_setting(option, *value, owner))
        block.settings.push_back(std::move(*setting));
    }
  }
  if (const Node* node = table.find("posterior_of")) read_posterior_of(*node, owner, block);
  Slot slot{Kind::model, {}, {}};
  slot.choices = read_choices(Kind::model, full, &slot.axis, reserved);
  for (PluginChoice& choice : slot.choices)
    for (Setting& setting : choice.settings) setting.axis.follows = contains(added, setting.name);
  block.slots.push_back(std::move(slot));
  check_zips(block);
  return block;
}

void BlockReader::read_posterior_of(const Node& node, const std::string& owner,
                                    Block& block) const {
  const std::string prefix = "posterior_of.";
  if (!node.is(Type::table) || is_axis(node))
    return context_.problems.add(node.place, owner +
                                                 "posterior_of must be a table, for example { "
                                                 "split = \"test\", items = [0, 1] }, got " +
                                                 describe(node));
  const HostTable& host = host_table("model.posterior_of");
  for (const Member& member : node.members) {
    const Option* option = find_option(host.options, member.key);
    if (!option) {
      context_.problems.add(member.place, owner + "posterior_of has no key \"" + member.key + "\"" +
                                              suggestion(member.key, names_of(host.options)));
      continue;
    }
    Option renamed = *option;
    renamed.name = prefix + option->name;
    if (auto setting = read_setting(renamed, member.value, owner))
      block.settings.push_back(std::move(*setting));
  }
  for (const Option& option : host.options)
    if (option.is_required && !node.find(option.name))
      context_.problems.add(node.place, owner + "posterior_of needs " + option.name + " (" +
                                            type_text(option.type) + ": " + option.help + ")");
}

void BlockReader::read_host_settings(const Node& table, Block& block) const {
  const std::string owner = "method \"" + block.name + "\"";
  std::vector<std::string> keys{"name", "stop"};
  for (Kind kind : method_slots) keys.push_back(kind_name(kind));
  for (const HostTable& host : host_tables())
    if (host.name == "method")
      for (const Option& option : host.options) keys.push_back(option.name);

  const auto read_from = [&](const HostTable& host, const Member& member,
                             const std::string& prefix) {
    const Option* option = find_option(host.options, member.key);
    if (!option) return false;
    const bool fits = table.find("estimator"), samples = table.find("sampler");
    if (!applies(host.part, fits, samples)) {
      const bool lacks_sampler = host.part == MethodPart::sampler || fits;
      context_.problems.add(member.place, owner + ": " + prefix + member.key +
                                              " is for methods with " +
                                              (lacks_sampler ? "a sampler" : "an estimator") +
                                              ", and this one has none");
    } else {
      Option renamed = *option;
      renamed.name = prefix + option->name;
      if (auto setting = read_setting(renamed, member.value, owner + ": "))
        block.settings.push_back(std::move(*setting));
    }
    return true;
  };

  for (const Member& member : table.members) {
    if (member.key == "name" ||
        std::any_of(std::begin(method_slots), std::end(method_slots),
                    [&](Kind kind) { return member.key == kind_name(kind); }))
      continue;
    for (const HostTable& host : host_tables()) {
      if (host.name == "method") {
        read_from(host, member, "");
      } else if (host.name == "method.stop" && member.key == "stop") {
        if (!member.value.is(Type::table)) {
          context_.problems.add(member.value.place,
                                owner +
                                    ": stop must be a table, for example { iterations = 1000 }, "
                                    "got " +
                                    describe(member.value));
          continue;
        }
        for (const Member& stop : member.value.members)
          if (!read_from(host, stop, "stop."))
            context_.problems.add(stop.place, owner + ": stop has no key \"" + stop.key + "\"" +
                                                  suggestion(stop.key, names_of(host.options)));
      }
    }
    if (!contains(keys, member.key))
      context_.problems.add(
          member.place, owner + ": there is no key \"" + member.key + "\"" +
                            (is_stop_option(member.key) ? "; did you mean stop." + member.key + "?"
                                                        : suggestion(member.key, keys)));
  }
}

void BlockReader::check_parts(const Block& block, const Node& table) const {
  const std::string owner = "method \"" + block.name + "\"";
  const Node* estimator = table.find("estimator");
  if (!estimator && !table.find("sampler")) {
    context_.problems.add(table.place, owner + ": needs an estimator (to fit), a sampler, or both");
    return;
  }
  if (!estimator) {
    for (const char* key : {"family", "optimizer"})
      if (const Node* node = table.find(key))
        context_.problems.add(
            node->place, owner + ": the " + key + " is not used, because there is no estimator");
    return;
  }
  const Slot* slot = find_slot(block, Kind::estimator);
  if (!slot || slot->choices.empty()) return;
  const auto check = [&](const char* key, bool PluginInfo::*uses) {
    const auto user =
        std::find_if(slot->choices.begin(), slot->choices.end(), [&](const PluginChoice& choice) {
          return catalog_.find(Kind::estimator, choice.plugin)->*uses;
        });
    const Node* node = table.find(key);
    if (!node && user != slot->choices.end())
      context_.problems.add(estimator->place, owner + ": the estimator \"" + user->plugin +
                                                  "\" needs " + key + " = { plugin = \"...\" }");
    if (node && user == slot->choices.end())
      context_.problems.add(node->place, owner + ": the " + key +
                                             " is not used by the estimator \"" +
                                             slot->choices.front().plugin + "\"");
  };
  check("family", &PluginInfo::uses_family);
  check("optimizer", &PluginInfo::uses_optimizer);
}

Block BlockReader::read_method(const std::string& name, const Node& table) const {
  Block block{name, table.place, {}, {}};
  for (Kind kind : method_slots)
    if (const Node* node = table.find(kind_name(kind)))
      block.slots.push_back(read_slot(kind, *node));
  read_host_settings(table, block);
  check_parts(block, table);
  check_zips(block);
  return block;
}

void BlockReader::check_zips(const Block& block) const {
  struct First {
    std::string name;
    std::size_t length;
    AxisKind kind;
  };
  std::map<std::string, First> firsts;
  const auto check = [&](const std::string& name, const Axis& axis, std::size_t length) {
    if (axis.zip.empty()) return;
    const auto [found, is_new] = firsts.try_emplace(axis.zip, First{name, length, axis.kind});
    const First& first = found->second;
    if (is_new) return;
    if (first.kind != axis.kind)
      context_.problems.add(axis.place, "\"" + block.name + "\": the axes zipped as \"" + axis.zip +
                                            "\" must all be `each` or all be `ablate`, but " +
                                            first.name + " and " + name + " differ");
    else if (first.length != length)
      context_.problems.add(axis.place, "\"" + block.name + "\": the axes zipped as \"" + axis.zip +
                                            "\" must have equal lengths, but " + first.name +
                                            " has " + std::to_string(first.length) +
                                            " values and " + name + " has " +
                                            std::to_string(length));
  };
  for (const Slot& slot : block.slots) {
    const bool is_model = slot.kind == Kind::model;
    check(is_model ? "plugin" : kind_name(slot.kind), slot.axis, slot.choices.size());
    for (const PluginChoice& choice : slot.choices)
      for (const Setting& setting : choice.settings)
        check((is_model ? "" : std::string(kind_name(slot.kind)) + ".") + setting.name,
              setting.axis, setting.values.size());
  }
  for (const Setting& setting : block.settings)
    check(setting.name, setting.axis, setting.values.size());
}

}  // namespace elbow
