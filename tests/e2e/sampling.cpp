// Chains in processes of their own, and what becomes of those that go wrong.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

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

TEST_CASE("a chain starts at the highest of its candidates, and a single one is taken as it is") {
  // The first draw is the start and a step that is the same in all three runs.
  const Workplace place;
  const auto first_draws = [&](const std::string& name, const std::string& options) {
    place.write(name + ".toml", experiment(1) + options);
    REQUIRE(elbow::test::elbow(place.folder(), {"run", name + ".toml"}).status == 0);
    const auto draws =
        read_draws(cell_files(place / ("results/" + name))[0], "unconstrained_posterior");
    Eigen::MatrixXd z(Index(draws.size()), draws[0].x.cols());
    for (std::size_t i = 0; i < draws.size(); ++i) z.row(Index(i)) = draws[i].x.row(0);
    return z;
  };
  const Eigen::MatrixXd steps = first_draws("still", "initial_radius = 0\n");
  const Eigen::MatrixXd one = first_draws("one", "initial_candidates = 1\n") - steps;
  const Eigen::MatrixXd best =
      first_draws("best", "initial_tries = 1000\ninitial_candidates = 1000\n") - steps;
  CHECK(one.cwiseAbs().maxCoeff() < 2);
  CHECK(one.colwise().norm().maxCoeff() > 0.3);
  CHECK(best.colwise().norm().maxCoeff() < 0.3);
}

TEST_CASE("all walkers of an ensemble are stored, and know whose they are") {
  const Workplace place;
  place.write("a.toml", R"(
seed = 4
[[model]]
plugin = "gaussian"
correlation = 0.8
[[method]]
name = "ensembles"
sampler = { plugin = "affine_invariant", walkers = 12 }
chains = 3
warmup = 200
draws = 2000
save_warmup = true
)");
  for (const char* workers : {"1", "3"})
    REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "-j", workers, "--results",
                                                std::string("with") + workers})
                .status == 0);
  require_same_results(place / "with1/a", place / "with3/a");
  const auto file = cell_files(place / "with1/a")[0];
  for (const auto& [group, length] :
       {std::pair("posterior", 2000), {"sample_stats", 2000}, {"warmup_posterior", 200}})
    for (const ChainDraws& draws : read_draws(file, group)) {
      CHECK(draws.x.rows() == length);
      CHECK(draws.x.cols() == 36);
      CHECK(draws.walkers == 12);
    }
  const auto cells = read_index(place / "with1/a");
  REQUIRE(cells.size() == 1);
  const auto& metrics = cells[0].metrics;
  for (const char* error : {"mean_error_max", "sd_error_max"})
    CHECK(metrics.at(error).value < 5 * metrics.at(error).mcse);
  CHECK(metrics.at("rhat_max").value < 1.05);
  // Far more than the three chains alone, and less than as many independent draws.
  CHECK(metrics.at("ess_bulk_min").value > 500);
  CHECK(metrics.at("ess_bulk_min").value < 72000 / 5);
}

TEST_CASE("the places where paths diverged are in the results, one for every divergence") {
  const Workplace place;
  const std::string sampler = GENERATE("nuts", "hmc");
  place.write("a.toml", R"(
seed = 4
[[model]]
plugin = "awkward"
shape = "edge"
[[method]]
name = "divergent"
sampler = { plugin = ")" + sampler +
                            R"(", step_size = 0.4 }
chains = 3
warmup = 0
draws = 300
)");
  REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml"}).status == 0);
  const auto cells = read_index(place / "results/a");
  REQUIRE(cells.size() == 1);
  const auto file = cell_files(place / "results/a")[0];
  const auto where = read_draws(file, "divergence_posterior");
  const auto when = read_draws(file, "divergence_sample_stats");
  const auto marked = read_draws(file, "sample_stats");
  REQUIRE(where.size() == 2);
  REQUIRE(when.size() == 1);
  const auto diverging = std::find_if(marked.begin(), marked.end(),
                                      [](const ChainDraws& d) { return d.name == "diverging"; });
  REQUIRE(diverging != marked.end());
  CHECK(cells[0].metrics.at("divergences").value == diverging->x.sum());
  // As long as the shortest chain's: beyond the edge at 0.5, in the transitions that say so.
  CHECK(where[0].x.rows() > 10);
  CHECK(where[0].x.minCoeff() > 0.5);
  for (Index c = 0; c < 3; ++c)
    for (Index k = 0; k < when[0].x.rows(); ++k)
      CHECK(diverging->x(Index(when[0].x(k, c)), c) == 1);
}

TEST_CASE("chains that end in their warm-up leave the place that they had come to") {
  const Workplace place;
  place.write("a.toml", R"(
[[model]]
plugin = "gaussian"
dimension = 2
[[method]]
name = "runaway"
sampler = { plugin = "moody", mood = "runs_away" }
chains = 2
warmup = 20
draws = 10
)");
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::diverged);
  CHECK_THAT(cell.outcome.reason, Contains("ran away"));
  const auto last =
      read_draws(cell_files(place / "results/a")[0], "warmup_unconstrained_posterior");
  REQUIRE(last.size() == 2);
  double farthest = 0;
  for (const ChainDraws& coordinate : last) {
    REQUIRE(coordinate.x.rows() == 1);
    REQUIRE(coordinate.x.cols() == 2);
    farthest = std::max(farthest, coordinate.x.cwiseAbs().maxCoeff());
  }
  CHECK(farthest > 1e50);
}

TEST_CASE("a sampler that refuses the target at once leaves the place where it was to begin") {
  const Workplace place;
  const std::string warmup =
      GENERATE("warmup = 0", "warmup = 20", "warmup = 20\nsave_warmup = true");
  place.write("a.toml", R"(
[[model]]
plugin = "awkward"
shape = "flat"
[[method]]
name = "refusing"
sampler = "nuts"
chains = 3
)" + warmup);
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::failed);
  CHECK_THAT(cell.outcome.reason, Contains("the target is flat as far as it goes"));
  const auto file = cell_files(place / "results/a")[0];
  const auto start = read_draws(file, "warmup_unconstrained_posterior");
  REQUIRE(start.size() == 2);
  for (const ChainDraws& coordinate : start) {
    REQUIRE(coordinate.x.rows() == 1);
    REQUIRE(coordinate.x.cols() == 3);
    // Chains begin within 2 of the origin, each at another place.
    CHECK(coordinate.x.cwiseAbs().maxCoeff() <= 2);
    CHECK(coordinate.x(0, 0) != coordinate.x(0, 1));
  }
  for (const ChainDraws& statistic : read_draws(file, "warmup_sample_stats"))
    if (statistic.name == "lp") CHECK(statistic.x.cwiseAbs().maxCoeff() == 0);
}

TEST_CASE(
    "draws near a pole without an integral have a reason, those of a normal target have none") {
  const Workplace place;
  place.write("a.toml", R"(
repeats = 3
[[model]]
plugin = "awkward"
shape = { each = ["normal", "pole", "fissure"] }
[[method]]
name = "nuts"
sampler = "nuts"
)");
  elbow::test::elbow(place.folder(), {"run", "a.toml", "--quiet"});
  const auto cells = read_index(place / "results/a");
  REQUIRE(cells.size() == 9);
  for (const CellSummary& cell : cells) {
    INFO(cell.model << ' ' << ending_name(cell.outcome.ending) << ' ' << cell.outcome.reason);
    const bool is_proper = cell.model == "awkward(shape=normal)";
    CHECK(cell.outcome.reason.empty() == is_proper);
    if (is_proper) CHECK(cell.outcome.ending == Ending::budget_spent);
    if (cell.outcome.ending == Ending::budget_spent && !is_proper)
      CHECK_THAT(cell.outcome.reason, Contains("E-BFMI"));
    if (cell.outcome.ending == Ending::failed)
      CHECK_THAT(cell.outcome.reason, Contains("grows without bound"));
  }
}

TEST_CASE("importance sampling states the error that it makes, or that its weights tell none") {
  const Workplace place;
  place.write("a.toml", R"(
repeats = 20
[evaluation]
draws = 100
kernel_draws = 0
[[model]]
name = "covered"
plugin = "gaussian"
[[model]]
name = "far"
plugin = "gaussian"
dimension = 8
condition_number = 100.0
[[model]]
name = "well"
plugin = "many_well"
wells = 1
[[model]]
name = "funnel"
plugin = "funnel"
dimension = 2
scale = 1.0
[[method]]
name = "importance"
sampler = "importance"
)");
  const auto ended = elbow::test::elbow(place.folder(), {"run", "a.toml", "--quiet"});
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  double squares = 0, stated = 0, far = 0;
  for (const CellSummary& cell : read_index(place / "results/a")) {
    INFO(cell.model << ' ' << cell.replicate << ' ' << cell.outcome.reason);
    CHECK(cell.outcome.ending == Ending::converged);
    const double k = cell.metrics.at("pareto_k").value;
    // Of 1000 draws: min(1 - 1 / log10 S, 0.7).
    CHECK(cell.outcome.reason.empty() == (k < 2.0 / 3));
    if (k > 2.0 / 3)
      CHECK_THAT(cell.outcome.reason,
                 Contains("k-hat of the weights is") && Contains("above 0.67"));
    far += cell.model == "far" && k > 2.0 / 3;
    const Metric& evidence = cell.metrics.at("log_evidence_sampler");
    CHECK(std::isnan(evidence.mcse) == (k > 0.5));
    if (std::isnan(evidence.mcse)) continue;
    const double known = cell.model == "well" ? 10.2934797 : 0;
    squares += std::pow((evidence.value - known) / evidence.mcse, 2);
    ++stated;
  }
  CHECK(far == 20);
  REQUIRE(stated > 40);
  CHECK(squares / stated < 1 + 4 * std::sqrt(2 / stated));
  CHECK(squares / stated > 1 - 4 * std::sqrt(2 / stated));
}

TEST_CASE("a sampler that never diverges has no groups of divergences") {
  const Workplace place;
  place.write("a.toml", R"(
[[model]]
plugin = "gaussian"
[[method]]
name = "nuts"
sampler = "nuts"
chains = 2
draws = 100
)");
  REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml"}).status == 0);
  CHECK(read_draws(cell_files(place / "results/a")[0], "divergence_posterior").empty());
}
