#include "data/named_draws.hpp"

#include <catch2/catch.hpp>
#include <elbow/error.hpp>

using namespace elbow;
using Catch::Contains;

TEST_CASE("names of elements are written in one way") {
  CHECK(element_name("theta[1]") == "theta[1]");
  CHECK(element_name("theta.1") == "theta[1]");
  CHECK(element_name("x.2.13") == "x[2,13]");
  CHECK(element_name("x[2, 13]") == "x[2,13]");
  CHECK(element_name("mu") == "mu");
  CHECK(element_name("beta1") == "beta1");
  CHECK(element_name("a.b") == "a.b");
  CHECK(element_name("a.b.3") == "a.b[3]");
  CHECK(element_name(".1") == ".1");
}

TEST_CASE("elements of a variable are counted from 1 in column-major order") {
  CHECK(element_names("mu", {}) == std::vector<std::string>{"mu"});
  CHECK(element_names("t", {2}) == std::vector<std::string>{"t[1]", "t[2]"});
  CHECK(element_names("x", {2, 2}) ==
        std::vector<std::string>{"x[1,1]", "x[2,1]", "x[1,2]", "x[2,2]"});
  CHECK(element_names("e", {0}).empty());
}

TEST_CASE("posteriordb's JSON is a list of chains of draws by name") {
  const NamedDraws draws = json_draws(
      "r.json", R"([{"theta[1]": [1, 2], "mu": [3, 4]}, {"mu": [7, 8], "theta[1]": [5, 6]}])");
  CHECK(draws.names == std::vector<std::string>{"theta[1]", "mu"});
  REQUIRE(draws.chains.size() == 2);
  Eigen::MatrixXd second(2, 2);
  second << 5, 7, 6, 8;
  CHECK(draws.chains[1] == second);
  CHECK(json_draws("r.json", R"({"mu": [3, 4, 5]})").chains[0].rows() == 3);
}

TEST_CASE("JSON that is no draws is refused with file, chain and name") {
  const auto [content, expected] = GENERATE(table<std::string, std::string>({
      {"[]", "r.json: expected a list of chains, got an empty one"},
      {"[1]", "r.json: chain 1: expected an object of name -> list of numbers, got the number 1"},
      {"[{}]", "chain 1: expected draws by name, got an empty object"},
      {R"([{"a": 1}])", "chain 1, a: expected a list of numbers, got the number 1"},
      {R"([{"a": [1, 2], "b": [1]}])", "chain 1, b: expected 2 draws as of the first name, got 1"},
      {R"([{"a": [1, 2]}, {"a": [1]}])",
       "chain 2, a: expected 2 draws as of the first name, got 1"},
      {R"([{"a": [1]}, {"b": [1]}])", "chain 2: the first chain has \"a\", and this one has not"},
      {R"([{"a": [1]}, {"a": [1], "b": [1]}])",
       "chain 2: expected 1 names as in the first chain, got 2"},
      {R"([{"a": [1, null]}])", "chain 1, a: draw 2: expected a finite number, got null"},
      {R"([{"a": ["NaN"]}])", "got the text \"NaN\""},
      {"[{\"a\": [1, NaN]}]", "r.json:1:12: is not JSON"},
      {"[{\"a\": [1,", "r.json:1:11: is not JSON"},
  }));
  CHECK_THROWS_WITH(json_draws("r.json", content), Contains(expected));
}

TEST_CASE("CmdStan's CSV is one chain, without its comments and its own columns") {
  const NamedDraws draws =
      csv_draws("c.csv",
                "# stan_version_major = 2\nlp__,accept_stat__,mu,theta.1\n"
                "# Adaptation terminated\n-1,0.9,3,4\n-2,0.8,5,6\n# Elapsed\n");
  CHECK(draws.names == std::vector<std::string>{"mu", "theta[1]"});
  Eigen::MatrixXd expected(2, 2);
  expected << 3, 4, 5, 6;
  CHECK(draws.chains.at(0) == expected);
}

TEST_CASE(
    "CSV with lines of another length or numbers that are missing is refused with its place") {
  CHECK_THROWS_WITH(csv_draws("c.csv", "a,b\n1,2\n3\n"),
                    Contains("c.csv:3:1: expected 2 fields as in line 1, got 1"));
  CHECK_THROWS_WITH(csv_draws("c.csv", "a,b\n1,NaN\n"), Contains("c.csv:2:3: expected a number"));
  CHECK_THROWS_WITH(csv_draws("c.csv", ""), Contains("c.csv: expected a table of numbers"));
}
