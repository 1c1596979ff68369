// Chains in processes of their own, and what becomes of those that go wrong.

#include <catch2/catch.hpp>

#include "program.hpp"
#include "record/cell_summary.hpp"
#include "record/result_reader.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

namespace {

CellSummary only_cell(const Workplace& place) {
  const auto cells = read_index(place / "results/a");
  REQUIRE(cells.size() == 1);
  return cells[0];
}

/// One cell of seven chains.
std::string seven_chains(const std::string& sampler_options = "") {
  std::string text = experiment(1, sampler_options);
  text.replace(text.find("chains = 2"), 10, "chains = 7");
  return text;
}

}  // namespace

TEST_CASE("chains in any number of processes give the same bits") {
  const Workplace place;
  place.write("a.toml", seven_chains());
  for (const char* workers : {"1", "2", "3", "16"})
    REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", workers, "--results",
                                                std::string("with") + workers})
                .status == 0);
  for (const char* workers : {"2", "3", "16"})
    require_same_results(place / "with1/a", place / (std::string("with") + workers) / "a");
}

TEST_CASE("a chain that crashes keeps the draws so far, whatever the number of processes") {
  const Workplace place;
  place.write("a.toml", seven_chains("mood = \"crashes\""));
  for (const char* workers : {"1", "4"}) {
    CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", workers}).status == 1);
    const CellSummary cell = only_cell(place);
    CHECK(cell.outcome.ending == Ending::crashed);
    CHECK_THAT(cell.outcome.reason,
               Contains("SIGSEGV") && Contains("after 2 transitions") && Contains("last words"));
    CHECK(read_marginals(place / "results/a" / cell.path, "posterior", 10).elements.size() == 2);
  }
}

TEST_CASE("a chain that hangs is stopped at the wall limit with the draws so far") {
  const Workplace place;
  std::string text = seven_chains("mood = \"loops\"");
  text.replace(text.find("[limits]"), 8, "[limits]\nwall_seconds = 1");
  place.write("a.toml", text);
  CHECK(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", "3"}).status == 1);
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::timed_out);
  CHECK_THAT(cell.outcome.reason, Contains("after 2 transitions"));
  CHECK(read_marginals(place / "results/a" / cell.path, "posterior", 10).elements.size() == 2);
}

TEST_CASE("no starting point with a finite density is an outcome that says the tries") {
  const Workplace place;
  std::string text = experiment(1, "", "", "nowhere = true\n");
  text += "initial_tries = 7\n";
  place.write("a.toml", text);
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::non_finite);
  CHECK_THAT(cell.outcome.reason, Contains("in 7 tries"));
}

TEST_CASE("a chain that runs away has diverged, with the draws so far") {
  const Workplace place;
  place.write("a.toml", experiment(1, "mood = \"runs_away\""));
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::diverged);
  CHECK_THAT(cell.outcome.reason, Contains("ran away") && Contains("improper"));
  CHECK(read_marginals(place / "results/a" / cell.path, "posterior", 10).elements.size() == 2);
}
