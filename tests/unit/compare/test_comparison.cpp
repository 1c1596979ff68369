#include <algorithm>
#include <catch2/catch.hpp>
#include <elbow/error.hpp>
#include <elbow/math.hpp>

#include "cells.hpp"
#include "compare/comparison.hpp"
#include "compare/table.hpp"
#include "support/scratch_folder.hpp"

using namespace elbow;
using Catch::Contains;
using test::cell;
using test::failed_cell;
using test::folder;

namespace {

CompareRequest where(const std::string& condition) {
  CompareRequest request;
  request.where = {condition};
  return request;
}

}  // namespace

TEST_CASE("A row has the mean over replicates and sd / sqrt(n) as its standard error") {
  // 1, 2, 6: mean 3, variance ((-2)^2 + 1 + 3^2) / 2 = 7.
  const Comparison c =
      compare({folder({cell("m", "a", 0, 1), cell("m", "a", 1, 2), cell("m", "a", 2, 6)})}, {});
  REQUIRE(c.rows.size() == 1);
  const MetricSummary& elbo = c.rows[0].metrics.at("elbo");
  CHECK(elbo.mean == Approx(3));
  CHECK(elbo.standard_error == Approx(std::sqrt(7.0 / 3)));
  CHECK(elbo.source == ErrorSource::replicates);
  CHECK(elbo.finite == 3);
}

TEST_CASE("A single replicate has the metric's own Monte-Carlo error, and is marked") {
  const Comparison c =
      compare({folder({cell("m", "a", 0, -10.123, 0.04), cell("m", "b", 0, -11.5)})}, {});
  CHECK(printed_metric(c.rows[0].metrics.at("elbo")) == "-10.12(4)*");
  CHECK(printed_metric(c.rows[1].metrics.at("elbo")) == "-11.50");
  CHECK_THAT(text_tables(c), Contains("*: one replicate"));
}

TEST_CASE("Values that are not finite are counted beside the mean of the others") {
  const Comparison c = compare({folder({cell("m", "a", 0, 1), cell("m", "a", 1, -infinity),
                                        cell("m", "a", 2, not_a_number), cell("m", "a", 3, 3)})},
                               {});
  const MetricSummary& elbo = c.rows[0].metrics.at("elbo");
  CHECK(elbo.mean == 2);
  CHECK(elbo.finite == 2);
  CHECK(elbo.non_finite == 2);
  CHECK_THAT(printed_metric(elbo), Contains("[2/4]"));
}

TEST_CASE("Where no value is finite the row says which kind of number it was") {
  CHECK(printed_metric(summarise({{-infinity, not_a_number}, {-infinity, not_a_number}})) ==
        "-inf [0/2]");
  CHECK(printed_metric(summarise({{-infinity, not_a_number}, {not_a_number, not_a_number}})) ==
        "nan [0/2]");
}

TEST_CASE("Failed cells are counted with their reason and are not averaged") {
  CellSummary late = cell("m", "a", 1, 100);
  late.outcome = {Ending::timed_out, "60 s"};
  const Comparison c =
      compare({folder({cell("m", "a", 0, 1), late,
                       failed_cell("m", "a", 2, Ending::crashed, "signal 11 (SIGSEGV)"),
                       failed_cell("m", "b", 0, Ending::skipped, "no gradient"),
                       failed_cell("m", "b", 1, Ending::skipped, "no gradient")})},
              {});
  REQUIRE(c.rows.size() == 2);
  CHECK(c.rows[0].finished == 1);
  CHECK(c.rows[0].metrics.at("elbo").mean == 1);
  CHECK(printed_outcomes(c.rows[0]) == "1 budget_spent, 1 timed_out, 1 crashed");
  CHECK(c.rows[1].metrics.empty());
  const std::string text = text_tables(c);
  CHECK_THAT(text, Contains("m / a: crashed: signal 11 (SIGSEGV)"));
  CHECK_THAT(text, Contains("m / b: skipped: no gradient (2 cells)"));
  CHECK_THAT(csv_rows(c), Contains("m,b,,,nan"));
}

TEST_CASE("Differences to a baseline pair replicates, so that common variation cancels") {
  // The replicates differ by tens, the methods by 1 and 3: mean 2, sd sqrt(2), error 1.
  CompareRequest request;
  request.baseline = "a";
  const Comparison c = compare({folder({cell("m", "a", 0, -10), cell("m", "a", 1, -50),
                                        cell("m", "b", 0, -9), cell("m", "b", 1, -47)})},
                               request);
  CHECK(c.rows[0].is_baseline);
  CHECK(c.rows[0].metrics.at("elbo").mean == -30);
  const MetricSummary& difference = c.rows[1].metrics.at("elbo");
  CHECK(difference.mean == Approx(2));
  CHECK(difference.standard_error == Approx(1));
  CHECK(printed_metric(difference) == "+2.0(1.0)");
}

TEST_CASE("A replicate without its partner is counted, not averaged") {
  CompareRequest request;
  request.baseline = "a";
  const Comparison c = compare(
      {folder({cell("m", "a", 0, -10), failed_cell("m", "a", 1, Ending::crashed, "signal 9"),
               cell("m", "b", 0, -9), cell("m", "b", 1, -47)})},
      request);
  const MetricSummary& difference = c.rows[1].metrics.at("elbo");
  CHECK(difference.finite == 1);
  CHECK(difference.non_finite == 1);
  CHECK(difference.mean == 1);
}

TEST_CASE("Replicates of different seeds have different data and are not paired") {
  CompareRequest request;
  request.baseline = "a";
  CellSummary other = cell("m", "b", 0, -9);
  other.configuration["seed"] = 2;
  const Comparison c = compare({folder({cell("m", "a", 0, -10), other})}, request);
  CHECK(c.rows[1].metrics.count("elbo") == 0);
}

TEST_CASE("Cells are selected by method, outcome and any option") {
  CellSummary wide = cell("m", "b(dimension=3)", 0, 2);
  wide.configuration["model"]["options"]["dimension"] = 3;
  const std::vector<ResultFolder> folders = {folder({cell("m", "a", 0, 1), wide})};
  CHECK(compare(folders, where("method=a")).rows.size() == 1);
  CHECK(compare(folders, where("method=b")).rows[0].method == "b(dimension=3)");
  CHECK(compare(folders, where("model.dimension=3.0")).rows[0].method == "b(dimension=3)");
  CHECK(compare(folders, where("dimension=2")).rows[0].method == "a");
  CHECK(compare(folders, where("outcome=budget_spent")).rows.size() == 2);
  CHECK(compare(folders, where("replicate=0")).rows.size() == 2);
}

TEST_CASE("Typing mistakes are answered with the nearest name") {
  const std::vector<ResultFolder> folders = {folder({cell("m", "mean-field", 0, 1)})};
  CHECK_THROWS_WITH(compare(folders, where("metod=a")), Contains("metod") && Contains("method"));
  CHECK_THROWS_WITH(compare(folders, where("method=mean-feild")), Contains("mean-field"));
  CHECK_THROWS_WITH(compare(folders, where("dimensoin=2")), Contains("\"dimension\""));
  CHECK_THROWS_WITH(compare(folders, where("method")), Contains("NAME=VALUE"));
  CompareRequest request;
  request.metrics = {"elbow"};
  CHECK_THROWS_WITH(compare(folders, request), Contains("elbow") && Contains("\"elbo\""));
  request = {};
  request.baseline = "mean_field";
  CHECK_THROWS_WITH(compare(folders, request), Contains("mean-field"));
  request = {};
  request.by = "modle";
  CHECK_THROWS_WITH(compare(folders, request), Contains("model"));
}

TEST_CASE("An end of a name that several options share is refused with all of them") {
  CellSummary c = cell("m", "a", 0, 1);
  c.configuration["method"]["family"] = {{"plugin", "x"}};
  CHECK_THROWS_WITH(compare({folder({c})}, where("plugin=x")),
                    Contains("model.plugin") && Contains("method.family.plugin"));
}

TEST_CASE("Tables are grouped by model, by method, or by an option") {
  CellSummary wide = cell("m", "a", 0, 2);
  wide.configuration["model"]["options"]["dimension"] = 3;
  wide.model = "n";
  const std::vector<ResultFolder> folders = {folder({cell("m", "a", 0, 1), wide})};
  CompareRequest request;
  CHECK(printed_tables(compare(folders, request)).size() == 2);
  request.by = "method";
  CHECK(printed_tables(compare(folders, request)).at(0).rows.size() == 2);
  request.by = "dimension";
  const auto tables = printed_tables(compare(folders, request));
  REQUIRE(tables.size() == 2);
  CHECK(tables[1].title == "model.dimension: 3, model: n");
}

TEST_CASE(
    "What the plan names and the folder lacks is counted, and what it does not name is left out") {
  const std::string plan = R"({"title": "t", "models": [{"name": "m"}, {"name": "funnel"}],
    "methods": [{"name": "a"}, {"name": "b"}],
    "cells": [{"hash": "m/a/0", "model": 0, "method": 0, "replicate": 0},
              {"hash": "m/a/1", "model": 0, "method": 0, "replicate": 1},
              {"hash": "m/b/0", "model": 0, "method": 1, "replicate": 0}],
    "impossible": [{"model": 1, "method": 1, "reason": "needs the ability conjugate"}]})";
  const ResultFolder f = arrange("results/a", plan, {cell("m", "a", 0, 1), cell("m", "old", 0, 9)});
  CHECK(f.left_out == 1);
  const Comparison c = compare({f}, {});
  REQUIRE(c.rows.size() == 2);
  CHECK(printed_outcomes(c.rows[0]) == "1 budget_spent, 1 missing");
  CHECK(printed_outcomes(c.rows[1]) == "1 missing");
  const std::string text = text_tables(c);
  CHECK_THAT(text, Contains("2 cells of 3 planned have no result yet"));
  CHECK_THAT(text, Contains("1 cell of other versions"));
  CHECK_THAT(text, Contains("funnel / b: impossible: needs the ability conjugate"));
}

TEST_CASE("Rows of several folders name their folder") {
  const Comparison c = compare({folder({cell("m", "a", 0, 1)}, "results/first/"),
                                folder({cell("m", "a", 0, 2)}, "results/second")},
                               {});
  REQUIRE(c.rows.size() == 2);
  CHECK(c.rows[0].folder == "first");
  CHECK(c.rows[1].folder == "second");
  CHECK_THAT(text_tables(c), Contains("first") && Contains("second"));
}

TEST_CASE("Folders of one name are told by the ends of their paths that differ") {
  using Paths = std::vector<std::filesystem::path>;
  using Names = std::vector<std::string>;
  CHECK(distinguishing_names(Paths{"/a/r1/grid", "/a/r2/grid", "/a/other"}) ==
        Names{"r1/grid", "r2/grid", "other"});
  CHECK(distinguishing_names(Paths{"/a/x/grid", "/b/x/grid"}) == Names{"a/x/grid", "b/x/grid"});
  CHECK(distinguishing_names(Paths{"/grid", "/a/grid"}) == Names{"/grid", "a/grid"});
  CHECK(distinguishing_names(Paths{"/a/grid"}) == Names{"grid"});
}

TEST_CASE("A folder that is given twice, by whatever spelling, is shown once, with a note") {
  const ScratchFolder place;
  std::filesystem::create_directories(place / "grid/cells");
  std::filesystem::create_directory_symlink(place / "grid", place / "link");
  const auto folders = read_result_folders(
      {place / "grid", place / "grid/", place / "grid/../grid/.", place / "link"});
  REQUIRE(folders.size() == 1);
  CHECK(folders[0].name == "grid");
  const Comparison c = compare(folders, {});
  CHECK_FALSE(c.several_folders);
  CHECK_THAT(c.notes.at(0), Contains("given 4 times, shown once"));
}

TEST_CASE("Differences are to the baseline of the row's own folder where it has one") {
  const Comparison c = compare({folder({cell("m", "base", 0, 10), cell("m", "a", 0, 11)}, "r/one"),
                                folder({cell("m", "base", 0, 20), cell("m", "a", 0, 22)}, "r/two"),
                                folder({cell("m", "a", 0, 13)}, "r/three")},
                               [] {
                                 CompareRequest request;
                                 request.baseline = "base";
                                 return request;
                               }());
  std::map<std::string, double> differences;
  for (const ComparedRow& row : c.rows)
    if (!row.is_baseline) differences[row.folder] = row.metrics.at("elbo").mean;
  CHECK(differences == std::map<std::string, double>{{"one", 1}, {"two", 2}, {"three", 3}});
}

TEST_CASE("A folder without cells has no table and says so") {
  const Comparison c = compare({folder({})}, {});
  CHECK(c.rows.empty());
  CHECK_THAT(text_tables(c), Contains("there are no cells"));
  CHECK_NOTHROW(nlohmann::json::parse(json_document(c)));
}

TEST_CASE("A folder that is no result folder is refused with what was expected") {
  CHECK_THROWS_WITH(read_result_folder("/nowhere/at/all"), Contains("nothing of that name"));
  CHECK_THROWS_WITH(read_result_folder(ELBOW_SOURCE "/tests"), Contains("not a result folder"));
  CHECK_THROWS_WITH(read_result_folder(ELBOW_SOURCE "/CMakeLists.txt"), Contains("this is a file"));
  CHECK_THROWS_WITH(arrange("results/a", "{\"models\": 3", {}), Contains("plan.json"));
  CHECK_THROWS_WITH(arrange("results/a", "{}", {}), Contains("plan.json"));
}

TEST_CASE("A metric that the baseline lacks is named, not dropped in silence") {
  CellSummary base = cell("m", "base", 0, 1);
  base.metrics.erase("elbo");
  CompareRequest request;
  request.baseline = "base";
  const Comparison c = compare({folder({base, cell("m", "new", 0, 2)})}, request);
  const auto says = [](const std::string& note) {
    return note.find("the baseline base has no elbo") == 0;
  };
  CHECK(std::count_if(c.notes.begin(), c.notes.end(), says) == 1);
}

TEST_CASE("Cells of an older build of a plugin are counted, and the build is that of a plugin") {
  const auto made = [](int replicate, const std::string& digest, const std::string& when) {
    CellSummary summary = cell("m", "a", replicate, 1);
    summary.provenance = {{"plugins", {{"model/m", "same"}, {"sampler/nuts", digest}}},
                          {"run_started", when}};
    return summary;
  };
  const Comparison c = compare(
      {folder({made(0, "old", "2026-01-01T00:00:00Z"), made(1, "new", "2026-02-01T00:00:00Z"),
               made(2, "old", "2026-01-01T00:00:00Z")})},
      {});
  const auto about = std::find_if(c.notes.begin(), c.notes.end(), [](const std::string& note) {
    return note.find("older build") != std::string::npos;
  });
  REQUIRE(about != c.notes.end());
  CHECK_THAT(*about, Contains("2 cells were made by an older build of sampler/nuts"));
  CHECK(std::none_of(c.notes.begin(), c.notes.end(), [](const std::string& note) {
    return note.find("model/m than") != std::string::npos;
  }));
}

TEST_CASE("What a cell doubts of its own result stands below the table, once per method") {
  const auto doubtful = [](const std::string& method, int replicate, const std::string& reason) {
    CellSummary summary = cell("m", method, replicate, 1);
    summary.outcome = {Ending::converged, reason};
    return summary;
  };
  const Comparison c =
      compare({folder({doubtful("a", 0, "3.1 nats off"), doubtful("a", 1, "3.2 nats off"),
                       doubtful("b", 0, "on a slope"), cell("m", "c", 0, 1)})},
              {});
  std::vector<std::string> said;
  for (const std::string& note : c.notes)
    if (note.find("m / ") == 0) said.push_back(note);
  CHECK(said == std::vector<std::string>{
                    "m / a: converged: 3.1 nats off (the first of 2 cells with a reason)",
                    "m / b: converged: on a slope"});
}

TEST_CASE("A baseline that --where leaves out is told from one that does not exist") {
  CompareRequest request = where("method=a");
  request.baseline = "b";
  CHECK_THROWS_WITH(compare({folder({cell("m", "a", 0, 1), cell("m", "b", 0, 2)})}, request),
                    Contains("no cell that --where selects has the method \"b\""));
}
