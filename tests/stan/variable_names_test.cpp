#include "stan/variable_names.hpp"

#include <catch2/catch.hpp>

using namespace elbow;

namespace {

std::string text_of(const Variable& variable) {
  std::string text = variable.name;
  for (const Index extent : variable.shape) text += " " + std::to_string(extent);
  return text;
}

std::vector<std::string> texts(const StanVariables& all) {
  std::vector<std::string> lines;
  for (const Variable& variable : all.variables) lines.push_back(text_of(variable));
  return lines;
}

using Texts = std::vector<std::string>;
using Places = std::vector<Index>;

}  // namespace

TEST_CASE("indexed names become variables of their shape, in the order of the program") {
  const auto all = stan_variables("mu,theta.1,theta.2,m.1.1,m.2.1,m.1.2,m.2.2,m.1.3,m.2.3,one.1");
  CHECK(texts(all) == Texts{"mu", "theta 2", "m 2 3", "one 1"});
  CHECK(all.in_order);
}

TEST_CASE("no names are no variables") { CHECK(stan_variables("").variables.empty()); }

TEST_CASE("elements that come in another order are put column-major") {
  // An array of tuples runs through a tuple before it goes on to the next.
  const auto all = stan_variables("t.1:1,t.1:2.1,t.1:2.2,t.2:1,t.2:2.1,t.2:2.2,x");
  CHECK(texts(all) == Texts{"t:1 2", "t:2 2 2", "x"});
  CHECK(all.source == Places{0, 3, 1, 4, 2, 5, 6});
  CHECK_FALSE(all.in_order);
}

TEST_CASE("complex numbers are two real variables") {
  const auto all = stan_variables("z.real,z.imag,w.1.real,w.1.imag,w.2.real,w.2.imag");
  CHECK(texts(all) == Texts{"z.real", "z.imag", "w.real 2", "w.imag 2"});
  CHECK(all.source == Places{0, 1, 2, 4, 3, 5});
}

TEST_CASE("numbers that fill no array stay variables of their own") {
  CHECK(texts(stan_variables("a.1,a.3,b")) == Texts{"a.1", "a.3", "b"});
  CHECK(texts(stan_variables("a.1.1,a.2")) == Texts{"a.1.1", "a.2"});
  CHECK(texts(stan_variables("a.1,a.1")) == Texts{"a.1", "a.1"});
  CHECK(texts(stan_variables("a.99999999999.99999999999")) == Texts{"a.99999999999.99999999999"});
}
