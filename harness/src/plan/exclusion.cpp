#include "plan/exclusion.hpp"

#include <algorithm>

namespace elbow {
namespace {

/// The plugin in a slot; null where the variant has none.
const PlannedPlugin* plugin_of(const ModelVariant& model, Kind) { return &model.plugin; }
const PlannedPlugin* plugin_of(const MethodVariant& method, Kind kind) {
  const auto& slot = kind == Kind::family      ? method.family
                     : kind == Kind::estimator ? method.estimator
                     : kind == Kind::optimizer ? method.optimizer
                                               : method.sampler;
  return slot ? &*slot : nullptr;
}

/// An option of the host; null where the variant has none of that name.
const Json* host_option(const ModelVariant& model, const std::string& name) {
  const auto found = model.settings.find(name);
  return found == model.settings.end() ? nullptr : &*found;
}
const Json* host_option(const MethodVariant& method, const std::string& name) {
  const bool is_stop = name.starts_with("stop.");
  const Json* table = &method.settings;
  if (is_stop) {
    const auto stop = table->find("stop");
    if (stop == table->end()) return nullptr;
    table = &*stop;
  }
  const auto found = table->find(is_stop ? name.substr(5) : name);
  return found == table->end() ? nullptr : &*found;
}

/// A file is meant by the end of its path.
bool equals(const Json& value, const Json& wanted) {
  if (!value.is_object()) return value == wanted;
  if (wanted.is_object()) return value.at("sha256") == wanted.at("sha256");
  const std::string path = value.at("path"), text = wanted;
  return path == text || path.ends_with("/" + text);
}

template <class Variant>
bool holds(const ExcludeCondition& condition, const Variant& variant) {
  const auto is_wanted = [&](const Json& value) {
    return std::any_of(condition.any_of.begin(), condition.any_of.end(),
                       [&](const Json& wanted) { return equals(value, wanted); });
  };
  if (!condition.slot) {
    if (condition.name == "name") return is_wanted(variant.name);
    const Json* value = host_option(variant, condition.name);
    return value && is_wanted(*value);
  }
  const PlannedPlugin* plugin = plugin_of(variant, *condition.slot);
  if (!plugin) return false;
  if (condition.name == "plugin") return is_wanted(plugin->name);
  const auto found = plugin->options.find(condition.name);
  return found != plugin->options.end() && is_wanted(*found);
}

template <class Variant>
std::vector<bool> matching(const std::vector<ExcludeCondition>& conditions,
                           const std::vector<Variant>& variants) {
  std::vector<bool> matches;
  for (const Variant& variant : variants)
    matches.push_back(
        std::all_of(conditions.begin(), conditions.end(),
                    [&](const ExcludeCondition& condition) { return holds(condition, variant); }));
  return matches;
}

}  // namespace

Exclusion::Exclusion(const Exclude& exclude, const std::vector<ModelVariant>& models,
                     const std::vector<MethodVariant>& methods)
    : models_(matching(exclude.model, models)),
      methods_(matching(exclude.method, methods)),
      replicates_(exclude.replicates) {
  std::sort(replicates_.begin(), replicates_.end());
}

bool Exclusion::matches(std::uint32_t replicate) {
  const bool is_match =
      replicates_.empty() || std::binary_search(replicates_.begin(), replicates_.end(), replicate);
  has_matched_ |= is_match;
  return is_match;
}

}  // namespace elbow
