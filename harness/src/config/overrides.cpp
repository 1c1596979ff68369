#include "config/overrides.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
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

/// Whether a word is written as a number although TOML takes it for none, because it does not fit.
bool is_huge_number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("+-0123456789_.eE") != std::string::npos) return false;
  std::string digits = text;
  std::erase(digits, '_');
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  return *end == 0 && std::abs(value) >= 0x1p63;
}

Node parse_value(const std::string& text) {
  if (text.empty()) throw Error("there is no value behind the equals sign");
  try {
    Node document = read_toml("value = " + text);
    if (document.members.size() != 1 || document.members[0].key != "value")
      throw TomlError({}, "the value must be one TOML value");
    return std::move(document.members[0].value);
  } catch (const TomlError&) {
    if (is_huge_number(text))
      throw Error("the number " + text +
                  " does not fit: an integer is at most 9223372036854775807, a number with a "
                  "fraction or exponent at most 1.797e308");
    if (!is_bare_word(text)) throw;
    Node node;
    node.type = Node::Type::text;
    node.text = text;
    return node;
  }
}

/// The keys of a dotted path and where its equals sign is.
struct DottedPath {
  std::vector<std::string> keys;
  std::size_t equals = std::string::npos;
};

/// A key in quotation marks, double or single, may hold dots and equals signs.
DottedPath read_path(const std::string& text) {
  DottedPath path;
  path.keys.emplace_back();
  char quote = 0;
  bool is_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote ? c == quote : is_start && (c == '"' || c == '\'')) {
      quote = quote ? 0 : c;
    } else if (c == '=' && !quote) {
      path.equals = i;
      return path;
    } else if (c == '.' && !quote) {
      path.keys.emplace_back();
      is_start = true;
      continue;
    } else {
      path.keys.back() += c;
    }
    is_start = false;
  }
  if (quote) throw Error("the path has a quotation mark that is not closed");
  return path;
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

std::string path_text(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& key : path) {
    const bool is_bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return c < 128 && (std::isalnum(c) || c == '_' || c == '-');
    });
    text += (text.empty() ? "" : ".") + (is_bare ? key : "\"" + key + "\"");
  }
  return text;
}

std::vector<Override> parse_overrides(const std::vector<std::string>& arguments, Problems& problems,
                                      const std::string& form) {
  std::vector<Override> overrides;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Place place{0, 0, std::uint32_t(i + 1)};
    const std::string& argument = arguments[i];
    try {
      DottedPath path = read_path(argument);
      if (path.equals == std::string::npos) throw Error("expected " + form);
      if (std::find(path.keys.begin(), path.keys.end(), "") != path.keys.end())
        throw Error("the path has an empty part; expected " + form);
      Override override{std::move(path.keys), parse_value(argument.substr(path.equals + 1))};
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
