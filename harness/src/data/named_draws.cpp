#include "data/named_draws.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <elbow/error.hpp>

#include "data/json_file.hpp"
#include "data/printable.hpp"
#include "data/text_table.hpp"

namespace elbow {
namespace {

using Json = nlohmann::ordered_json;

/// Adds the chains of a file, one after another.
class JsonChains {
 public:
  explicit JsonChains(const std::filesystem::path& file) : file_(file) {}

  [[noreturn]] void fail(const std::string& where, const std::string& message) const {
    throw Error(file_.string() + ": " + where + (where.empty() ? "" : ": ") + message);
  }

  void add(const std::string& where, const Json& chain) {
    if (!chain.is_object())
      fail(where, "expected an object of name -> list of numbers, got " + describe_json(chain));
    if (chain.empty()) fail(where, "expected draws by name, got an empty object");
    std::vector<std::string> keys;
    for (const auto& item : chain.items()) keys.push_back(item.key());
    if (result.chains.empty()) {
      keys_ = keys;
      for (const std::string& key : keys) result.names.push_back(element_name(key));
      const Json& first = chain.begin().value();
      length_ = first.is_array() ? first.size() : 0;
    }
    for (const std::string& key : keys_)
      if (!chain.contains(key))
        fail(where, "the first chain has \"" + printable(key) + "\", and this one has not");
    if (keys.size() != keys_.size())
      fail(where, "expected " + std::to_string(keys_.size()) +
                      " names as in the first chain, got " + std::to_string(keys.size()));
    Eigen::MatrixXd& draws = result.chains.emplace_back(Index(length_), Index(keys_.size()));
    for (std::size_t j = 0; j < keys_.size(); ++j)
      fill(where + (where.empty() ? "" : ", ") + printable(keys_[j]), chain[keys_[j]],
           draws.col(Index(j)));
  }

  NamedDraws result;

 private:
  void fill(const std::string& where, const Json& list, Eigen::Ref<Eigen::VectorXd> out) const {
    if (!list.is_array()) fail(where, "expected a list of numbers, got " + describe_json(list));
    if (list.size() != length_)
      fail(where, "expected " + std::to_string(length_) + " draws as of the first name, got " +
                      std::to_string(list.size()));
    for (std::size_t i = 0; i < length_; ++i) {
      const Json& value = list[i];
      if (!value.is_number() || !std::isfinite(value.get<double>()))
        fail(where, "draw " + std::to_string(i + 1) + ": expected a finite number, got " +
                        describe_json(value));
      out[Index(i)] = value.get<double>();
    }
  }

  const std::filesystem::path& file_;
  std::vector<std::string> keys_;
  std::size_t length_ = 0;
};

}  // namespace

std::string element_name(const std::string& text) {
  std::string name;
  for (const char c : text)
    if (c != ' ') name += c;
  // The indices that a dotted name ends with.
  std::size_t start = name.size();
  while (start > 0) {
    std::size_t digits = start;
    while (digits > 0 && std::isdigit(static_cast<unsigned char>(name[digits - 1]))) --digits;
    if (digits == start || digits < 2 || name[digits - 1] != '.') break;
    start = digits - 1;
  }
  if (start == name.size()) return name;
  std::string indices = name.substr(start + 1);
  std::replace(indices.begin(), indices.end(), '.', ',');
  return name.substr(0, start) + "[" + indices + "]";
}

std::vector<std::string> element_names(const std::string& variable,
                                       const std::vector<Index>& shape) {
  std::vector<std::string> names;
  std::vector<Index> at(shape.size(), 1);
  for (Index left = Variable{variable, shape, {}, ""}.size(); left > 0; --left) {
    std::string name = variable;
    for (std::size_t axis = 0; axis < at.size(); ++axis)
      name.append(axis == 0 ? "[" : ",").append(std::to_string(at[axis]));
    names.push_back(at.empty() ? name : name + "]");
    for (std::size_t axis = 0; axis < at.size() && ++at[axis] > shape[axis]; ++axis) at[axis] = 1;
  }
  return names;
}

NamedDraws json_draws(const std::filesystem::path& file, const std::string& content) {
  const Json json = parse_json(file, content);
  JsonChains chains(file);
  if (json.is_object())
    chains.add("", json);
  else if (json.empty())
    chains.fail("", "expected a list of chains, got an empty one");
  else
    for (std::size_t c = 0; c < json.size(); ++c)
      chains.add("chain " + std::to_string(c + 1), json[c]);
  return std::move(chains.result);
}

NamedDraws csv_draws(const std::filesystem::path& file, const std::string& content) {
  const Table table = text_table(file, content);
  NamedDraws draws;
  std::vector<Index> columns;
  for (std::size_t j = 0; j < table.columns.size(); ++j)
    if (!table.columns[j].ends_with("__")) {
      draws.names.push_back(element_name(table.columns[j]));
      columns.push_back(Index(j));
    }
  draws.chains.push_back(table.values(Eigen::all, columns));
  return draws;
}

}  // namespace elbow
