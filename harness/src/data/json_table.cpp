#include "data/json_table.hpp"

#include <cmath>
#include <elbow/error.hpp>
#include <map>

#include "data/json_file.hpp"
#include "data/printable.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

/// The length that most of an object's arrays have.
std::size_t usual_length(const Json& object) {
  std::map<std::size_t, int> lengths;
  for (const auto& [name, value] : object.items())
    if (value.is_array() && !value.empty()) ++lengths[value.size()];
  std::size_t usual = 0;
  for (const auto& [length, times] : lengths)
    if (usual == 0 || times >= lengths[usual]) usual = length;
  return usual;
}

class JsonColumns {
 public:
  JsonColumns(const std::filesystem::path& file, std::size_t rows) : file_(file), rows_(rows) {}

  void add(const std::string& name, const Json& array) {
    const bool is_matrix = array.front().is_array();
    const std::size_t width = is_matrix ? array.front().size() : 1;
    for (std::size_t j = 0; j < width; ++j) {
      names_.push_back(is_matrix ? name + "[" + std::to_string(j + 1) + "]" : name);
      columns_.emplace_back(Index(rows_));
      for (std::size_t i = 0; i < rows_; ++i) {
        const std::string row = name + "[" + std::to_string(i + 1) + "]";
        if (!is_matrix) {
          columns_.back()[Index(i)] = number(array[i], row);
          continue;
        }
        if (!array[i].is_array() || array[i].size() != width)
          fail(row, "expected a list of " + std::to_string(width) + " numbers as in the first row",
               array[i].is_array() ? "one of " + std::to_string(array[i].size())
                                   : describe_json(array[i]));
        columns_.back()[Index(i)] = number(array[i][j], row);
      }
    }
  }

  Table table() {
    Table table{std::move(names_), Eigen::MatrixXd(Index(rows_), Index(columns_.size()))};
    for (std::size_t j = 0; j < columns_.size(); ++j) table.values.col(Index(j)) = columns_[j];
    return table;
  }

 private:
  [[noreturn]] void fail(const std::string& where, const std::string& expected,
                         const std::string& found) const {
    throw Error(file_.string() + ": " + printable(where) + ": " + expected + ", got " + found);
  }
  double number(const Json& value, const std::string& where) const {
    if (!value.is_number() || !std::isfinite(value.get<double>()))
      fail(where, "expected a finite number", describe_json(value));
    return value.get<double>();
  }

  const std::filesystem::path& file_;
  std::size_t rows_;
  std::vector<std::string> names_;
  std::vector<Eigen::VectorXd> columns_;
};

}  // namespace

Table json_table(const std::filesystem::path& file, const std::string& content) {
  const Json json = parse_json(file, content);
  if (!json.is_object())
    throw Error(file.string() + ": expected a JSON object of named arrays, got " +
                describe_json(json));
  const std::size_t rows = usual_length(json);
  if (rows == 0) throw Error(file.string() + ": expected a JSON object with arrays, got none");
  JsonColumns columns(file, rows);
  for (const auto& [name, value] : json.items())
    if (value.is_array() && value.size() == rows) columns.add(name, value);
  return columns.table();
}

}  // namespace elbow
