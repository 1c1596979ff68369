#pragma once

#include <string>
#include <vector>

#include "config/node.hpp"
#include "config/problems.hpp"

namespace elbow {

/// One `--set path=value` of the command line.
struct Override {
  std::vector<std::string> path;  ///< the keys: {"method", "mean-field", "stop", "iterations"}
  Node value;
};

/// Reads the arguments of --set. The path is dotted, a part with dots in it is quoted; the value is
/// TOML, and a bare word is a text.
/// @param form  what an argument looks like, for the texts of errors
std::vector<Override> parse_overrides(
    const std::vector<std::string>& arguments, Problems& problems,
    const std::string& form = "path=value, for example method.NAME.stop.iterations=100");

/// A path as --set takes it: dotted, with quotation marks where a key needs them.
std::string path_text(const std::vector<std::string>& path);

/// Sets the value at a path below `table`, making the tables on the way.
void assign(Node& table, const std::vector<std::string>& path, const Node& value);

/// Lays a table of changes over a table: key by key, where both sides are tables of options; a
/// plugin named anew, an axis and any other value replace what was there.
void merge(Node& table, const Node& changes);

}  // namespace elbow
