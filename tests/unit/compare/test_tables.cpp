#include <algorithm>
#include <catch2/catch.hpp>
#include <elbow/math.hpp>
#include <sstream>

#include "cells.hpp"
#include "compare/table.hpp"
#include "support/csv.hpp"

using namespace elbow;
using Catch::Contains;
using test::cell;
using test::folder;
using test::parse_csv;

namespace {

Comparison of(std::vector<CellSummary> cells) { return compare({folder(std::move(cells))}, {}); }

}  // namespace

TEST_CASE("CSV keeps names with commas, quotes and line breaks, and all digits") {
  const std::string name = "a(\"x\", 1)\nb";
  const auto lines = parse_csv(csv_rows(of({cell("m", name, 0, 0.1), cell("m", name, 1, 0.3)})));
  REQUIRE(lines.size() == 2);
  REQUIRE(lines[0].size() == lines[1].size());
  CHECK(lines[1][1] == name);
  CHECK(lines[0][4] == "mean");
  CHECK(std::stod(lines[1][4]) == 0.2);
}

TEST_CASE("JSON parses, has null for numbers that are not finite, and keeps their text") {
  const auto document = nlohmann::json::parse(
      json_document(of({cell("m", "a\"\\\n", 0, -infinity), cell("m", "\xff", 0, 1)})));
  REQUIRE(document["rows"].size() == 2);
  CHECK(document["rows"][0]["method"] == "a\"\\\n");
  CHECK(document["rows"][0]["mean"].is_null());
  CHECK(document["rows"][0]["text"] == "-inf [0/1]");
  CHECK(document["rows"][0]["non_finite"] == 1);
  CHECK(document["metrics"][0]["unit"] == "nats");
}

TEST_CASE("LaTeX's special characters are escaped") {
  CHECK(latex_escaped("a_b & 50% $x$ #1 {y} ~ ^ \\ <") ==
        "a\\_b \\& 50\\% \\$x\\$ \\#1 \\{y\\} \\textasciitilde{} \\textasciicircum{} "
        "\\textbackslash{} \\textless{}");
}

TEST_CASE("LaTeX numbers are in mathematics, powers of ten as such") {
  const std::string text =
      latex_tables(of({cell("m", "mean_field", 0, -1e-9), cell("m", "mean_field", 1, -1.2e-9)}));
  CHECK_THAT(text, Contains("mean\\_field"));
  CHECK_THAT(text, Contains("$-1.10(10) \\times 10^{-9}$"));
  const auto ampersands = [&](const std::string& line) {
    return std::count(line.begin(), line.end(), '&');
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.size() > 2 && line.substr(line.size() - 2) == "\\\\") CHECK(ampersands(line) == 3);
}

TEST_CASE("Text tables stay within 120 columns, whatever the names and the number of metrics") {
  std::vector<CellSummary> cells;
  for (const std::string& method : {std::string("a"), std::string(150, 'x'),
                                    std::string("mean-field(family.rank=3, optimizer.learning_rate="
                                                "0.001, estimator.draws=100)")}) {
    CellSummary c = cell("m", method, 0, 1);
    for (int i = 0; i < 30; ++i) {
      const std::string name = "metric_number_" + std::to_string(i);
      c.metrics[name] = {name, 1234.5678 * i, 0.01, "nats", ""};
    }
    c.outcome.reason = std::string(300, 'y');
    cells.push_back(c);
  }
  CompareRequest request;
  request.every_metric = true;
  const std::string text = text_tables(compare({folder(cells)}, request));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 120);
  for (int i = 0; i < 30; ++i) CHECK_THAT(text, Contains("metric_number_" + std::to_string(i)));
}

TEST_CASE("Columns of names beyond ASCII are aligned by characters") {
  const std::string text =
      text_tables(of({cell("m", "\xC3\xBC\xC3\xBC", 0, 1), cell("m", "ab", 0, 1)}));
  CHECK_THAT(text,
             Contains("\n\xC3\xBC\xC3\xBC      1  1 budget") && Contains("\nab      1  1 budget"));
}

TEST_CASE("Control characters of names do not reach the terminal") {
  CHECK_THAT(text_tables(of({cell("m", "a\x1b[31m\n", 0, 1)})), !Contains("\x1b"));
}
