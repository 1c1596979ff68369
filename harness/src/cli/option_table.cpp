#include "cli/option_table.hpp"

#include <algorithm>
#include <array>

#include "config/option_value.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t column_count = 6;
using Row = std::array<std::string, column_count>;

std::string allowed(const Option& option) {
  if (option.type != OptionType::choice) {
    Option without_unit = option;
    without_unit.unit_name.clear();
    return bounds_text(without_unit);
  }
  std::string names;
  for (const std::string& name : option.choices) names += (names.empty() ? "" : " | ") + name;
  return names;
}

std::string default_text(const Option& option) {
  if (option.is_required) return "required";
  if (!option.standard) return "-";
  const Json value = default_value(option);
  return option.type == OptionType::choice ? value.get<std::string>() : value.dump();
}

Row row_of(const Option& option) {
  return {option.name,     type_text(option.type), default_text(option),
          allowed(option), option.unit_name,       option.help};
}

}  // namespace

void print_options(std::ostream& out, const std::vector<Option>& options) {
  std::vector<Row> rows = {{"option", "type", "default", "allowed", "unit", "meaning"}};
  for (const Option& option : options) rows.push_back(row_of(option));
  std::array<std::size_t, column_count> width{};
  for (std::size_t column = 0; column < column_count; ++column) {
    const bool used = std::any_of(rows.begin() + 1, rows.end(),
                                  [&](const Row& row) { return !row[column].empty(); });
    for (const Row& row : rows)
      if (used) width[column] = std::max(width[column], row[column].size());
  }
  for (const Row& row : rows) {
    std::string line = "  ";
    for (std::size_t column = 0; column < column_count; ++column) {
      if (width[column] == 0) continue;
      std::string cell = row[column];
      if (column + 1 < column_count) cell.resize(width[column] + 2, ' ');
      line += cell;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

Json options_as_json(const std::vector<Option>& options) {
  Json all = Json::array();
  for (const Option& option : options) {
    Json one = {{"name", option.name},
                {"type", type_text(option.type)},
                {"required", option.is_required},
                {"default", option.standard ? default_value(option) : Json()},
                {"allowed", allowed(option)},
                {"unit", option.unit_name},
                {"help", option.help}};
    if (option.type == OptionType::choice) one["choices"] = option.choices;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace elbow
