#pragma once

#include <cstddef>
#include <string>

namespace elbow {

/// "1 cell", "2 cells".
inline std::string counted(std::size_t n, const std::string& noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

}  // namespace elbow
