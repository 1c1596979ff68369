#pragma once

#include <cstdio>
#include <string>

namespace elbow {

/// A number within a sentence or a label, to so many digits: 1e+300 rather than three hundred
/// digits.
inline std::string short_number(double value, int digits = 6) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

}  // namespace elbow
