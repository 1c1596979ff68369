#include "config/overrides.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "config/block_reader.hpp"
#include "config/toml_reader.hpp"

namespace elbow {
namespace {

void set_place(Node& node, const Place& place) {
  node.place = place;
  for (Node& item : node.items) set_place(item, place);
  for (Member& member : node.members) {
    member.place = place;
    set_place(member.value, place);
  }
}

/// A word, number-like name or file name without anything that TOML gives a meaning to.
bool is_bare_word(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           (c < 128 && std::string_view("_-./+:~@%").find(char(c)) != std::string_view::npos);
  });
}

Node parse_value(const std::string& text) {
  try {
    Node document = read_toml("value = " + text);
    if (document.members.size() != 1 || document.members[0].key != "value")
      throw TomlError({}, "the value must be one TOML value");
    return std::move(document.members[0].value);
  } catch (const TomlError&) {
    if (!is_bare_word(text)) throw;
    Node node;
    node.type = Node::Type::text;
    node.text = text;
    return node;
  }
}

/// The keys of a dotted path; a key in double quotes may hold dots.
std::vector<std::string> split_path(const std::string& text) {
  std::vector<std::string> path(1);
  bool quoted = false;
  for (char c : text) {
    if (c == '"')
      quoted = !quoted;
    else if (c == '.' && !quoted)
      path.emplace_back();
    else
      path.back() += c;
  }
  if (quoted) throw Error("the path has a quotation mark that is not closed");
  if (std::find(path.begin(), path.end(), "") != path.end())
    throw Error(
        "the path has an empty part; expected for example seed=3 or "
        "method.NAME.stop.iterations=100");
  return path;
}

/// The first equals sign outside quotation marks.
std::size_t find_equals(const std::string& text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '=' && !quoted) return i;
  }
  return std::string::npos;
}

/// A plugin or a data file that is given by its name alone, as a table that takes options beside
/// it.
Node spelled_out(const std::string& key, const Node& name) {
  const bool is_plugin = std::any_of(std::begin(method_slots), std::end(method_slots),
                                     [&](Kind kind) { return key == kind_name(kind); });
  Node table;
  table.place = name.place;
  table.members.push_back({is_plugin ? "plugin" : "file", name.place, name});
  return table;
}

bool is_axis_table(const Node& node) { return node.find("each") || node.find("ablate"); }

}  // namespace

std::vector<Override> parse_overrides(const std::vector<std::string>& arguments,
                                      Problems& problems) {
  std::vector<Override> overrides;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Place place{0, 0, std::uint32_t(i + 1)};
    const std::string& argument = arguments[i];
    const std::size_t equals = find_equals(argument);
    if (equals == std::string::npos) {
      problems.add(place, "expected path=value, for example method.NAME.stop.iterations=100");
      continue;
    }
    try {
      Override override{split_path(argument.substr(0, equals)),
                        parse_value(argument.substr(equals + 1))};
      set_place(override.value, place);
      overrides.push_back(std::move(override));
    } catch (const Error& error) {
      problems.add(place, error.what());
    }
  }
  return overrides;
}

void assign(Node& table, const std::vector<std::string>& path, const Node& value) {
  Node* node = &table;
  for (std::size_t i = 0; i < path.size(); ++i) {
    Node* next = node->find(path[i]);
    if (!next) {
      Node empty;
      empty.place = value.place;
      node->members.push_back({path[i], value.place, std::move(empty)});
      next = &node->members.back().value;
    } else if (i + 1 < path.size() && next->is(Node::Type::text)) {
      *next = spelled_out(path[i], *next);
    } else if (i + 1 < path.size() && !next->is(Node::Type::table)) {
      *next = Node();
      next->place = value.place;
    }
    node = next;
  }
  *node = value;
}

void merge(Node& table, const Node& changes) {
  for (const Member& change : changes.members) {
    Node* old = table.find(change.key);
    if (!old) {
      table.members.push_back(change);
    } else if (change.value.is(Node::Type::table) && old->is(Node::Type::table) &&
               !is_axis_table(change.value) && !is_axis_table(*old) &&
               !change.value.find("plugin") && !change.value.find("file")) {
      merge(*old, change.value);
    } else if (change.value.is(Node::Type::table) && old->is(Node::Type::text) &&
               !is_axis_table(change.value) && !change.value.find("plugin") &&
               !change.value.find("file")) {
      *old = spelled_out(change.key, *old);
      merge(*old, change.value);
    } else {
      *old = change.value;
    }
  }
}

}  // namespace elbow
