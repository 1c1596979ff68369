#include "compare/number_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace elbow {

namespace {

/// Digits of a double that mean something.
constexpr int double_digits = 15;
constexpr int first_large_exponent = 7;
constexpr int last_small_exponent = -5;

std::string fixed(double value, int decimals) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  const std::string result = text;
  // What rounds to zero has no sign.
  return result.find_first_of("123456789") == std::string::npos && result[0] == '-'
             ? result.substr(1)
             : result;
}

std::string non_finite(double value) {
  if (std::isnan(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

int exponent_of(double value) { return int(std::floor(std::log10(std::fabs(value)))); }

bool needs_power(int exponent) {
  return exponent >= first_large_exponent || exponent <= last_small_exponent;
}

std::string power(int exponent) {
  char text[16];
  std::snprintf(text, sizeof text, "e%+03d", exponent);
  return text;
}

bool is_whole(double value) { return value == std::floor(value) && std::fabs(value) < 1e7; }

std::string significant(double value, int digits) {
  if (value == 0) return "0";
  if (is_whole(value)) return fixed(value, 0);
  // The exponent after rounding: 9.9996 has four digits as 10.00.
  char rounded[64];
  std::snprintf(rounded, sizeof rounded, "%.*e", digits - 1, value);
  const int exponent = exponent_of(std::strtod(rounded, nullptr) * (1 + 1e-15));
  if (needs_power(exponent)) {
    const std::string text = rounded;
    return text.substr(0, text.find('e')) + power(exponent);
  }
  const int decimals = digits - 1 - exponent;
  if (decimals >= 0) return fixed(value, decimals);
  return fixed(std::round(value * std::pow(10.0, decimals)) * std::pow(10.0, -decimals), 0);
}

/// The place of the last digit to print, as a power of ten, and the error rounded to it, in units
/// of that place.
struct RoundedError {
  int place;
  double units;
};

RoundedError round_error(double error) {
  int exponent = exponent_of(error);
  double leading = std::round(error / std::pow(10.0, exponent - 2));
  if (leading >= 1000) leading /= 10, ++exponent;  // 9.999e-3 rounds to the next power
  if (leading < 355) return {exponent - 1, std::round(leading / 10)};
  if (leading < 950) return {exponent, std::round(leading / 100)};
  return {exponent, 10};
}

/// @param shift  decimals of both; negative when the last digit's place is above the units
std::string with_parentheses(double value, double error_units, int decimals) {
  const double unit = std::pow(10.0, -decimals);
  if (decimals < 0)
    return fixed(std::round(value / unit) * unit, 0) + "(" + fixed(error_units * unit, 0) + ")";
  const bool has_point = decimals > 0 && error_units * unit >= 1 - 1e-9;
  return fixed(value, decimals) + "(" +
         (has_point ? fixed(error_units * unit, decimals) : fixed(error_units, 0)) + ")";
}

}  // namespace

std::string plain_number(double value) {
  return std::isfinite(value) ? significant(value, 4) : non_finite(value);
}

std::string number_with_error(double value, double standard_error) {
  if (!std::isfinite(value)) return non_finite(value);
  if (!std::isfinite(standard_error)) return plain_number(value);
  if (standard_error <= 0) return significant(value, 6) + "(0)";
  const RoundedError error = round_error(standard_error);
  const double largest = std::fmax(std::fabs(value), error.units * std::pow(10.0, error.place));
  int exponent = exponent_of(largest);
  if (exponent - error.place >= double_digits) return significant(value, double_digits) + "(0)";
  if (!needs_power(exponent)) return with_parentheses(value, error.units, -error.place);
  // Rounding may lead to the next power of ten: 9.99999e9(5e4) is 1.00000(5)e+10.
  const double mantissa = largest / std::pow(10.0, exponent);
  if (std::round(mantissa * std::pow(10.0, exponent - error.place)) >=
      std::pow(10.0, exponent - error.place + 1))
    ++exponent;
  return with_parentheses(value / std::pow(10.0, exponent), error.units, exponent - error.place) +
         power(exponent);
}

std::string exact_number(double value) {
  if (!std::isfinite(value)) return non_finite(value);
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

}  // namespace elbow
