#pragma once

#include <elbow/error.hpp>
#include <string>
#include <string_view>

#include "config/node.hpp"

namespace elbow {

/// What the TOML parser stumbled over.
class TomlError : public Error {
 public:
  TomlError(Place place, const std::string& text) : Error(text), place_(place) {}
  const Place& place() const { return place_; }

 private:
  Place place_;
};

/// Reads a TOML document into a table whose members are in the order of the text.
/// @throws TomlError at the first syntax error, with the parser's description.
Node read_toml(std::string_view text);

}  // namespace elbow
