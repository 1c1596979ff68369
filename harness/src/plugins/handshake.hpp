#pragma once

#include <elbow/plugin.hpp>
#include <string>

namespace elbow {

/// Checks that a descriptor can be used by this program: its size, ABI number and build tag agree
/// with the program's own, and its kind and name with those of its file. Reads only the size where
/// the sizes differ.
/// @param where  the plugin's file, for the error
/// @throws Error naming every field that differs, with both values.
void check_descriptor(const Descriptor& descriptor, Kind expected_kind,
                      const std::string& expected_name, const std::string& where);

}  // namespace elbow
