#pragma once

#include <cstdio>
#include <string>

namespace elbow {

/// A number within a sentence, to six digits: 1e+300 rather than three hundred digits.
inline std::string six_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace elbow
