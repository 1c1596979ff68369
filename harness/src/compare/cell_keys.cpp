#include "compare/cell_keys.hpp"

#include <algorithm>
#include <cstdlib>
#include <elbow/error.hpp>

#include "config/nearest.hpp"

namespace elbow {

namespace {

using Json = nlohmann::ordered_json;

void collect(const Json& value, const std::string& name, CellKeys& keys) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      const bool passed_over =
          inner.is_object() && (key == "options" || key == "settings" || key == "axes");
      collect(inner, passed_over ? name : name.empty() ? key : name + "." + key, keys);
    }
    return;
  }
  keys[name] = value.is_string() ? value.get<std::string>() : value.dump();
}

bool ends_with_name(const std::string& full, const std::string& typed) {
  return full == typed || (full.size() > typed.size() &&
                           full.compare(full.size() - typed.size(), typed.size(), typed) == 0 &&
                           full[full.size() - typed.size() - 1] == '.');
}

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool parse_number(const std::string& text, double& number) {
  char* end = nullptr;
  number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

}  // namespace

CellKeys dotted_options(const Json& configuration) {
  CellKeys keys;
  collect(configuration, "", keys);
  return keys;
}

CellKeys cell_keys(const CellSummary& cell) {
  CellKeys keys = dotted_options(cell.configuration);
  keys["model"] = cell.model;
  keys["method"] = cell.method;
  keys["replicate"] = std::to_string(cell.replicate);
  keys["outcome"] = ending_name(cell.outcome.ending);
  return keys;
}

std::string complete_key(const std::string& typed, const std::vector<CellKeys>& cells) {
  std::set<std::string> all, meant;
  for (const CellKeys& keys : cells)
    for (const auto& [key, value] : keys) {
      all.insert(key);
      if (ends_with_name(key, typed)) meant.insert(key);
    }
  if (meant.count(typed) > 0) return typed;
  if (meant.size() == 1) return *meant.begin();
  if (meant.size() > 1)
    throw Error("\"" + typed + "\" could mean " + listed(meant) + "; give the full name");
  // A mistyped end of a name is compared with the ends of names.
  std::set<std::string> ends = all;
  for (const std::string& key : all) ends.insert(key.substr(key.rfind('.') + 1));
  throw Error("no cell has the option \"" + typed + "\"" +
              suggestion(typed, {ends.begin(), ends.end()}));
}

bool value_matches(const std::string& key, const std::string& value, const std::string& asked) {
  if (value == asked) return true;
  double a, b;
  if (parse_number(value, a) && parse_number(asked, b)) return a == b;
  return (key == "model" || key == "method") && value.size() > asked.size() &&
         value.compare(0, asked.size(), asked) == 0 && value[asked.size()] == '(';
}

std::set<std::string> askable_values(const std::string& key, const std::set<std::string>& values) {
  std::set<std::string> askable = values;
  if (key == "model" || key == "method")
    for (const std::string& value : values) askable.insert(value.substr(0, value.find('(')));
  return askable;
}

WhereClause parse_where(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw Error("--where: expected NAME=VALUE, for example method=hmc, got \"" + text + "\"");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<bool> select_cells(const std::vector<CellKeys>& cells,
                               const std::vector<WhereClause>& selections) {
  std::map<std::string, std::vector<std::string>> asked;
  for (const WhereClause& selection : selections) {
    const std::string key = complete_key(selection.key, cells);
    std::set<std::string> values;
    bool found = false;
    for (const CellKeys& keys : cells) {
      const auto entry = keys.find(key);
      if (entry == keys.end()) continue;
      values.insert(entry->second);
      found = found || value_matches(key, entry->second, selection.value);
    }
    if (!found) {
      const std::set<std::string> askable = askable_values(key, values);
      throw Error("no cell has " + key + " = " + selection.value +
                  suggestion(selection.value, {askable.begin(), askable.end()}));
    }
    asked[key].push_back(selection.value);
  }
  std::vector<bool> selected;
  for (const CellKeys& keys : cells)
    selected.push_back(std::all_of(asked.begin(), asked.end(), [&](const auto& condition) {
      const auto entry = keys.find(condition.first);
      return entry != keys.end() &&
             std::any_of(condition.second.begin(), condition.second.end(),
                         [&](const std::string& value) {
                           return value_matches(condition.first, entry->second, value);
                         });
    }));
  return selected;
}

}  // namespace elbow
