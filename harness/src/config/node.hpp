#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/place.hpp"

namespace elbow {

struct Member;

/// A value of an experiment file with its place. Which fields mean something depends on the type.
struct Node {
  enum class Type { boolean, integer, real, text, date, array, table };

  Type type = Type::table;
  Place place;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;             ///< a text, or a date or time as written
  std::vector<Node> items;      ///< of an array
  std::vector<Member> members;  ///< of a table, in the order of the file

  bool is(Type t) const { return type == t; }
  /// Null when there is none.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
};

/// One key of a table.
struct Member {
  std::string key;
  Place place;  ///< of the key
  Node value;
};

/// What was found, for an error's text: `the text "fast"`, `the number 0.1`, `a list`, ...
std::string describe(const Node& node);

}  // namespace elbow
