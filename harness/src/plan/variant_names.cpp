#include "plan/variant_names.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "plan/resolve.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {
namespace {

using Visit = std::function<void(const std::string& key, const Json& value)>;

void for_each_option(const ModelVariant& model, const Visit& visit) {
  visit("plugin", model.plugin.name);
  for (const auto& [name, value] : model.plugin.options.items()) visit(name, value);
  for (const auto& [name, value] : model.settings.items()) visit(name, value);
}

void for_each_option(const MethodVariant& method, const Visit& visit) {
  for (const auto* plugin :
       {&method.family, &method.estimator, &method.optimizer, &method.sampler}) {
    if (!*plugin) continue;
    const std::string slot = kind_name((*plugin)->kind);
    visit(slot, (*plugin)->name);
    for (const auto& [name, value] : (*plugin)->options.items()) visit(slot + "." + name, value);
  }
  for (const auto& [name, value] : method.settings.items()) {
    if (name != "stop") {
      visit(name, value);
      continue;
    }
    for (const auto& [stop, limit] : value.items()) visit("stop." + stop, limit);
  }
}

/// What a name shows of a value.
std::string value_text(const Json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  constexpr std::size_t longest = 60;
  if (text.size() > longest) {
    // Cut between characters, not inside one of several bytes.
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end).append("...");
  }
  return text;
}

std::string full_name(const std::string& block, const Json& axes) {
  std::string name = block;
  for (const auto& [key, value] : axes.items())
    name.append(&value == &axes.front() ? "(" : ", ")
        .append(key)
        .append("=")
        .append(value_text(value));
  if (!axes.empty()) name.append(")");
  return name;
}

/// The options in which some variants differ.
template <class Variant>
void add_differing(const std::vector<Variant*>& variants, std::set<std::string>& keys) {
  std::unordered_map<std::string, std::pair<Json, std::size_t>> first;  // value, times seen
  for (const Variant* variant : variants)
    for_each_option(*variant, [&](const std::string& key, const Json& value) {
      auto& seen = first.try_emplace(key, value, 0).first->second;
      ++seen.second;
      if (seen.first != value) keys.insert(key);
    });
  for (const auto& [key, seen] : first)
    if (seen.second != variants.size()) keys.insert(key);
}

template <class Variant>
bool all_have(const std::vector<Variant*>& variants, const std::set<std::string>& keys) {
  return std::all_of(variants.begin(), variants.end(),
                     [&](const Variant* variant) { return variant->axes.size() == keys.size(); });
}

/// Makes the options named axes of all variants that have them.
template <class Variant>
void show(const std::vector<Variant*>& variants, const std::set<std::string>& keys) {
  for (Variant* variant : variants) {
    Json axes = Json::object();
    for_each_option(*variant, [&](const std::string& key, const Json& value) {
      if (!keys.contains(key)) return;
      const auto declared = variant->axes.find(key);
      axes[key] = declared == variant->axes.end() ? axis_value(value) : *declared;
    });
    variant->axes = std::move(axes);
  }
}

template <class Variant>
void complete_axes(const std::vector<Variant*>& variants) {
  std::set<std::string> keys;
  for (const Variant* variant : variants)
    for (const auto& [key, value] : variant->axes.items()) keys.insert(key);
  if (!all_have(variants, keys)) show(variants, keys);
  std::unordered_map<std::string, std::vector<Variant*>> same_axes;
  for (Variant* variant : variants) same_axes[variant->axes.dump()].push_back(variant);
  const std::size_t declared = keys.size();
  for (const auto& [text, members] : same_axes)
    if (members.size() > 1) add_differing(members, keys);
  if (keys.size() > declared) show(variants, keys);
}

template <class Variant>
void name_all(std::vector<Variant>& variants) {
  std::map<std::string, std::vector<Variant*>> blocks;
  for (Variant& variant : variants) blocks[variant.name].push_back(&variant);
  std::unordered_map<std::string, int> times;
  for (auto& [block, members] : blocks) {
    if (members.size() > 1) complete_axes(members);
    for (Variant* variant : members) {
      variant->name = full_name(block, variant->axes);
      // Long values may look the same once they are cut.
      if (const int n = ++times[variant->name]; n > 1)
        variant->name.append("#").append(std::to_string(n));
    }
  }
}

}  // namespace

void name_variants(std::vector<ModelVariant>& variants) { name_all(variants); }
void name_variants(std::vector<MethodVariant>& variants) { name_all(variants); }

}  // namespace elbow
