#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/math.hpp>

#include "compare/number_text.hpp"

using elbow::exact_number;
using elbow::infinity;
using elbow::number_with_error;
using elbow::plain_number;

TEST_CASE("Numbers are printed to the digits that their standard error supports") {
  struct Case {
    double value, error;
    const char* text;
  };
  const Case cases[] = {
      {-531.7078, 0.02, "-531.708(20)"},
      {-531.7078, 0.0249, "-531.708(25)"},
      {-531.7078, 0.04, "-531.71(4)"},
      {-531.7078, 0.0354, "-531.708(35)"},
      {-531.7078, 0.0355, "-531.71(4)"},
      {-531.7078, 0.0949, "-531.71(9)"},
      {-531.7078, 0.0951, "-531.71(10)"},
      {-531.7078, 0.09996, "-531.71(10)"},
      {-529.1766, 0.0004, "-529.1766(4)"},
      {15.26, 1.2, "15.3(1.2)"},
      {15.26, 0.96, "15.3(1.0)"},
      {15.26, 4.4, "15(4)"},
      {1234.6, 42, "1230(40)"},
      {1234.6, 12, "1235(12)"},
      {50000, 1234, "50000(1200)"},
      {0.004, 0.03, "0.004(30)"},
      {0.004, 0.04, "0.00(4)"},
      {-0.004, 0.04, "0.00(4)"},
      {0, 0.5, "0.0(5)"},
      {1.2345e-7, 4e-9, "1.23(4)e-07"},
      {1.2346e12, 1.5e10, "1.235(15)e+12"},
      {9.99999e9, 5e4, "9.99999(5)e+09"},
      {9.999999e9, 5e4, "1.000000(5)e+10"},
      {3e-9, 2e-8, "0.3(2.0)e-08"},
      {1, 1e-30, "1(0)"},
      {5000, 0, "5000(0)"},
      {0.123456789, 0, "0.123457(0)"},
      {0, 0, "0(0)"},
  };
  for (const Case& c : cases) {
    INFO(c.value << " +- " << c.error);
    CHECK(number_with_error(c.value, c.error) == c.text);
  }
}

TEST_CASE("A number that is not finite has no error and no digits") {
  CHECK(number_with_error(std::nan(""), 0.1) == "nan");
  CHECK(number_with_error(infinity, 0.1) == "inf");
  CHECK(number_with_error(-infinity, std::nan("")) == "-inf");
}

TEST_CASE("Without an error four digits are printed, and whole numbers in full") {
  CHECK(number_with_error(-531.7078, std::nan("")) == "-531.7");
  CHECK(plain_number(0.3333333) == "0.3333");
  CHECK(plain_number(9.99996) == "10.00");
  CHECK(plain_number(123456.7) == "123500");
  CHECK(plain_number(50000) == "50000");
  CHECK(plain_number(-3) == "-3");
  CHECK(plain_number(0) == "0");
  CHECK(plain_number(1.23456e-9) == "1.235e-09");
  CHECK(plain_number(1.23456e300) == "1.235e+300");
  CHECK(plain_number(5e-324) == "4.941e-324");
}

TEST_CASE("Numbers for machines give the same double back") {
  for (double value : {0.1, -531.7078123456789, 1e-300, 1.7976931348623157e308, 5e-324})
    CHECK(std::stod(exact_number(value) == "5e-324" ? "0" : exact_number(value)) ==
          (value == 5e-324 ? 0 : value));
  CHECK(exact_number(-infinity) == "-inf");
}

namespace {

/// A printed number, taken apart: 1.23(4)e-07 has the value 1.23e-07, the error 0.04e-07 and the
/// last place 0.01e-07.
struct Parsed {
  double value, error, place;
};

Parsed parse(const std::string& text) {
  const std::size_t open = text.find('('), close = text.find(')');
  REQUIRE(open != std::string::npos);
  REQUIRE(close != std::string::npos);
  const std::string number = text.substr(0, open), error = text.substr(open + 1, close - open - 1);
  const double scale = close + 1 < text.size() ? std::stod("1" + text.substr(close + 1)) : 1;
  const std::size_t point = number.find('.');
  const double place =
      point == std::string::npos ? 1 : std::pow(10., -double(number.size() - point - 1));
  const double units =
      error.find('.') == std::string::npos ? std::stod(error) * place : std::stod(error);
  return {std::stod(number) * scale, units * scale, place * scale};
}

}  // namespace

TEST_CASE(
    "Whatever their size, numbers and errors are printed to 15 % of the error, and no further") {
  // Numbers with all kinds of digits: powers of irrational bases.
  for (int power = -200; power <= 200; power += 7)
    for (int digits = -2; digits <= 13; ++digits)
      for (const double sign : {-1., 1.}) {
        const double value = sign * std::pow(10, power) * std::pow(1.2345678, digits);
        const double error = std::fabs(value) * std::pow(9.7, -digits);
        const std::string text = number_with_error(value, error);
        CAPTURE(value, error, text);
        const Parsed printed = parse(text);
        CHECK(std::fabs(printed.value - value) <= 0.15 * error);
        CHECK(std::fabs(printed.error - error) <= 0.15 * error);
        // Not a digit more than two of the error; whole numbers have zeros there.
        if (text.find('.') < text.find('(')) CHECK(printed.place >= error / 36);
      }
}

TEST_CASE("Errors beyond what a double tells apart are printed as none") {
  CHECK(number_with_error(1, 5e-324) == "1(0)");
  CHECK(number_with_error(-2.5, 1e-200) == "-2.50000000000000(0)");
}
