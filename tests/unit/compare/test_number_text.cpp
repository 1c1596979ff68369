#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "compare/number_text.hpp"

using elbow::exact_number;
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
  const double infinity = std::numeric_limits<double>::infinity();
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
  CHECK(exact_number(-std::numeric_limits<double>::infinity()) == "-inf");
}
