#include "plan/resolve.hpp"

#include <algorithm>
#include <filesystem>

#include "config/host_options.hpp"
#include "config/host_table_reader.hpp"
#include "config/option_value.hpp"
#include "config/posterior_reader.hpp"

namespace elbow {
namespace {

const Setting* find(const std::vector<Setting>& settings, const std::string& name) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

/// Values in the order of the declarations, so that equal plans are equal texts.
Json with_defaults(const std::vector<Option>& options, const std::vector<Setting>& settings,
                   const std::string& prefix = "") {
  Json resolved = Json::object();
  for (const Option& option : options) {
    if (const Setting* setting = find(settings, prefix + option.name))
      resolved[option.name] = setting->values.front();
    else if (option.standard)
      resolved[option.name] = default_value(option);
  }
  return resolved;
}

bool has_slot(const Block& block, Kind kind) {
  return std::any_of(block.slots.begin(), block.slots.end(),
                     [&](const Slot& slot) { return slot.kind == kind; });
}

Json host_settings(const Block& block) {
  Json resolved = Json::object();
  for (const HostTable& table : host_tables()) {
    const bool is_stop = table.name == "method.stop";
    if (!is_stop && table.name != "method") continue;
    if (!applies(table.part, has_slot(block, Kind::estimator), has_slot(block, Kind::sampler)))
      continue;
    if (!is_stop) {
      resolved.update(with_defaults(table.options, block.settings));
      continue;
    }
    Json stop = with_defaults(table.options, block.settings, "stop.");
    const bool is_given = std::any_of(
        table.options.begin(), table.options.end(),
        [&](const Option& option) { return find(block.settings, "stop." + option.name); });
    // Defaults are for fits that say nothing about their end: one that is given stands alone.
    if (is_given)
      for (const Option& option : table.options)
        if (!find(block.settings, "stop." + option.name)) stop.erase(option.name);
    resolved["stop"] = std::move(stop);
  }
  return resolved;
}

}  // namespace

std::string axis_key(const Slot* slot, const std::string& option) {
  if (!slot || slot->kind == Kind::model) return option;
  return std::string(kind_name(slot->kind)) + "." + option;
}

Json axis_value(const Json& value) {
  if (!value.is_object()) return value;
  if (std::string posterior = posterior_name(value); !posterior.empty()) return posterior;
  std::string text = std::filesystem::path(value.at("path").get<std::string>()).filename().string();
  if (value.contains("dataset")) text.append(":").append(value["dataset"].get<std::string>());
  return text;
}

BlockResolver::BlockResolver(const Block& block, const Catalog& catalog)
    : block_(block), catalog_(catalog) {
  for (const Slot& slot : block.slots) {
    std::vector<Resolved> choices;
    for (const PluginChoice& choice : slot.choices)
      choices.push_back(
          {choice.plugin,
           with_defaults(catalog.find(slot.kind, choice.plugin)->options, choice.settings)});
    choices_.push_back(std::move(choices));
  }
  if (!has_slot(block, Kind::model)) settings_ = host_settings(block);
}

PlannedPlugin BlockResolver::plugin(const Selection& selection, std::size_t slot) const {
  const Resolved& resolved = choices_[slot][selection.choices[slot]];
  PlannedPlugin planned{block_.slots[slot].kind, resolved.plugin, resolved.options};
  for (const Selection::Chosen& chosen : selection.values)
    if (chosen.slot == &block_.slots[slot])
      planned.options[chosen.setting->name] = chosen.setting->values[chosen.value];
  return planned;
}

ModelVariant BlockResolver::model(const Selection& selection) const {
  ModelVariant model{block_.name, plugin(selection, 0), {}};
  const std::string part = "posterior_of.";
  const auto set = [&](const Setting& setting, const Json& value) {
    if (setting.name.starts_with(part)) {
      model.settings["posterior_of"][setting.name.substr(part.size())] = value;
      return;
    }
    const std::string posterior = posterior_name(value);
    if (posterior.empty()) {
      model.settings[setting.name] = value;
      return;
    }
    model.settings[setting.name] = posterior;
    const auto draws = value.find("reference");
    if (draws == value.end() || find(block_.settings, "reference")) return;
    model.settings["reference"] = *draws;
    // posteriordb keeps draws of the quantities that its models are about, not of all.
    model.settings["reference_partial"] = true;
  };
  for (const Setting& setting : block_.settings) {
    const auto chosen =
        std::find_if(selection.values.begin(), selection.values.end(),
                     [&](const Selection::Chosen& value) { return value.setting == &setting; });
    set(setting, setting.values[chosen == selection.values.end() ? 0 : chosen->value]);
  }
  if (const auto given = model.settings.find("posterior_of"); given != model.settings.end()) {
    Json filled = with_defaults(host_table("model.posterior_of").options, {});
    filled.update(*given);
    *given = std::move(filled);
  }
  return model;
}

MethodVariant BlockResolver::method(const Selection& selection) const {
  MethodVariant method;
  method.name = block_.name;
  const PluginInfo* estimator = nullptr;
  for (std::size_t i = 0; i < block_.slots.size(); ++i)
    if (block_.slots[i].kind == Kind::estimator)
      estimator = catalog_.find(Kind::estimator, choices_[i][selection.choices[i]].plugin);
  for (std::size_t i = 0; i < block_.slots.size(); ++i) {
    switch (block_.slots[i].kind) {
      case Kind::family:
        // Another choice of the estimator may use what this one does not.
        if (estimator->uses_family) method.family = plugin(selection, i);
        break;
      case Kind::optimizer:
        if (estimator->uses_optimizer) method.optimizer = plugin(selection, i);
        break;
      case Kind::estimator:
        method.estimator = plugin(selection, i);
        break;
      default:
        method.sampler = plugin(selection, i);
    }
  }
  method.settings = settings_;
  for (const Selection::Chosen& chosen : selection.values) {
    if (chosen.slot) continue;
    const std::string& name = chosen.setting->name;
    const Json& value = chosen.setting->values[chosen.value];
    if (name.starts_with("stop."))
      method.settings["stop"][name.substr(5)] = value;
    else
      method.settings[name] = value;
  }
  if (method.sampler && !method.settings.contains("chains"))
    method.settings["chains"] =
        catalog_.find(Kind::sampler, method.sampler->name)->population ? 1000 : 4;
  return method;
}

Json BlockResolver::axes(const Selection& selection) const {
  Json axes = Json::object();
  const auto is_used = [&](Kind kind) {
    if (kind != Kind::family && kind != Kind::optimizer) return true;
    for (std::size_t i = 0; i < block_.slots.size(); ++i) {
      if (block_.slots[i].kind != Kind::estimator) continue;
      const PluginInfo* estimator =
          catalog_.find(Kind::estimator, choices_[i][selection.choices[i]].plugin);
      return kind == Kind::family ? estimator->uses_family : estimator->uses_optimizer;
    }
    return true;
  };
  for (std::size_t i = 0; i < block_.slots.size(); ++i) {
    const Slot& slot = block_.slots[i];
    if (slot.axis.kind != AxisKind::fixed && is_used(slot.kind))
      axes[slot.kind == Kind::model ? "plugin" : kind_name(slot.kind)] =
          slot.choices[selection.choices[i]].label;
  }
  for (const Selection::Chosen& chosen : selection.values)
    if (!chosen.setting->axis.follows && (!chosen.slot || is_used(chosen.slot->kind)))
      axes[axis_key(chosen.slot, chosen.setting->name)] =
          axis_value(chosen.setting->values[chosen.value]);
  return axes;
}

}  // namespace elbow
