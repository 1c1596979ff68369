#include "config/toml_reader.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <tuple>

namespace elbow {
namespace {

Place place_of(const toml::source_position& position) {
  return {position.line, position.column, 0};
}

Node convert(const toml::node& node);

/// toml++ keeps keys in alphabetical order, but the order of a file is the order of its axes.
void convert_members(const toml::table& table, std::vector<Member>& members) {
  for (const auto& [key, value] : table)
    members.push_back({std::string(key.str()), place_of(key.source().begin), convert(value)});
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
}

template <class T>
std::string written(const toml::value<T>& value) {
  std::ostringstream out;
  out << value.get();
  return out.str();
}

Node convert(const toml::node& node) {
  Node result;
  result.place = place_of(node.source().begin);
  if (const auto* table = node.as_table()) {
    result.type = Node::Type::table;
    convert_members(*table, result.members);
  } else if (const auto* array = node.as_array()) {
    result.type = Node::Type::array;
    for (const toml::node& item : *array) result.items.push_back(convert(item));
  } else if (const auto* text = node.as_string()) {
    result.type = Node::Type::text;
    result.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    result.type = Node::Type::integer;
    result.integer = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    result.type = Node::Type::real;
    result.real = real->get();
  } else if (const auto* boolean = node.as_boolean()) {
    result.type = Node::Type::boolean;
    result.boolean = boolean->get();
  } else {
    result.type = Node::Type::date;
    if (const auto* date = node.as_date()) result.text = written(*date);
    if (const auto* time = node.as_time()) result.text = written(*time);
    if (const auto* moment = node.as_date_time()) result.text = written(*moment);
  }
  return result;
}

}  // namespace

Node read_toml(std::string_view text) {
  try {
    return convert(toml::parse(text));
  } catch (const toml::parse_error& error) {
    std::string reason(error.description());
    // A word without quotation marks.
    if (reason.find("could not determine value type") != std::string::npos ||
        reason.find("parsing boolean") != std::string::npos)
      reason += "; a text is written in quotation marks";
    throw TomlError(place_of(error.source().begin), reason);
  }
}

}  // namespace elbow
