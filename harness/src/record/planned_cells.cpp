#include "record/planned_cells.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

namespace elbow {
namespace {

using SortedJson = nlohmann::json;

/// Collects `hash` of the objects in the list `cells`, without building the tree.
class HashCollector : public SortedJson::json_sax_t {
 public:
  std::unordered_set<std::string> hashes;
  bool has_cells = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& text) override {
    if (in_cells_ && depth_ == 3 && key_ == "hash") hashes.insert(std::move(text));
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) in_cells_ = name == "cells";
    key_ = name;
    return true;
  }
  bool start_object(std::size_t) override { return ++depth_, true; }
  bool end_object() override { return --depth_, true; }
  bool start_array(std::size_t) override {
    has_cells = has_cells || (in_cells_ && depth_ == 1);
    return ++depth_, true;
  }
  bool end_array() override { return --depth_, true; }
  bool parse_error(std::size_t, const std::string&, const SortedJson::exception&) override {
    return false;
  }

 private:
  int depth_ = 0;
  bool in_cells_ = false;
  std::string key_;
};

}  // namespace

std::optional<std::unordered_set<std::string>> planned_cells(const std::filesystem::path& folder) {
  std::ifstream plan(folder / "plan.json", std::ios::binary);
  HashCollector collector;
  if (!plan || !SortedJson::sax_parse(plan, &collector) || !collector.has_cells) return {};
  return std::move(collector.hashes);
}

}  // namespace elbow
