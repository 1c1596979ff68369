#include "data/json_table.hpp"

#include <catch2/catch.hpp>
#include <elbow/error.hpp>

using namespace elbow;
using Catch::Contains;

TEST_CASE("the arrays of a Stan data file are columns, a matrix one for each of its own") {
  const Table table =
      json_table("d.json", R"({"N": 3, "D": 2, "X": [[1, 2], [3, 4], [5, 6]], "y": [7, 8, 9.5]})");
  CHECK(table.columns == std::vector<std::string>{"X[1]", "X[2]", "y"});
  Eigen::MatrixXd expected(3, 3);
  expected << 1, 2, 7, 3, 4, 8, 5, 6, 9.5;
  CHECK(table.values == expected);
}

TEST_CASE("arrays of another length than most are no columns") {
  const Table table = json_table(
      "d.json", R"({"a": [1, 2], "new": [1, 2, 3], "b": [3, 4], "one": [5], "name": ["x"]})");
  CHECK(table.columns == std::vector<std::string>{"a", "b"});
}

TEST_CASE("of as many arrays of each length the longest are the columns") {
  CHECK(json_table("d.json", R"({"a": [1, 2], "b": [1, 2, 3]})").columns[0] == "b");
}

TEST_CASE("what is no table of numbers is refused with file and place") {
  const auto [content, expected] = GENERATE(table<std::string, std::string>({
      {"{\"y\": [1, 2,", "d.json:1:13: is not JSON: "},
      {"{\"y\":\n [1, oops]}", "d.json:2:6: is not JSON: "},
      {"[1, 2]", "d.json: expected a JSON object of named arrays, got a list"},
      {"{\"N\": 3}", "d.json: expected a JSON object with arrays, got none"},
      {"{\"y\": [1, null]}", "d.json: y[2]: expected a finite number, got null"},
      {"{\"y\": [1, \"NaN\"]}", "y[2]: expected a finite number, got the text \"NaN\""},
      {"{\"X\": [[1, 2], [3]]}",
       "X[2]: expected a list of 2 numbers as in the first row, got one of 1"},
      {"{\"X\": [[1, 2], 3]}", "got the number 3"},
  }));
  CHECK_THROWS_WITH(json_table("d.json", content), Contains(expected));
}
