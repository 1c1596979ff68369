#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "record/cell_summary.hpp"
#include "record/result_reader.hpp"
#include "support/program.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

namespace {

/// One cell of the sampler `moody` in a mood. Two chains.
std::string moody(const std::string& mood, int draws) {
  return R"([[model]]
plugin = "isotropic"
[[method]]
name = "walk"
sampler = { plugin = "moody", mood = ")" +
         mood + R"(" }
chains = 2
warmup = 0
draws = )" +
         std::to_string(draws) + "\n";
}

CellSummary only_cell(const Workplace& place) {
  const std::vector<CellSummary> cells = read_index(place / "results/a");
  REQUIRE(cells.size() == 1);
  return cells[0];
}

/// The draws of the only cell's first element. [draws x chains]
Eigen::MatrixXd first_draws(const Workplace& place) {
  const auto draws = read_draws(cell_files(place / "results/a")[0], "posterior");
  REQUIRE_FALSE(draws.empty());
  return draws[0].x;
}

}  // namespace

TEST_CASE("chains that stall are an outcome that names one, and all draws are kept") {
  const Workplace place;
  place.write("a.toml", moody("stalls", 300));
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::diverged);
  CHECK_THAT(cell.outcome.reason, Contains("chain 0 did not move in its last 299 draws"));
  CHECK(first_draws(place).rows() == 300);
  CHECK(cell.metrics.at("rhat_max").value > 1.1);
}

TEST_CASE("chains that do not agree with one another say so in the reason") {
  const Workplace place;
  place.write("a.toml", moody("good", 300));  // a walk of its own per chain, without a target
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::budget_spent);
  CHECK(cell.metrics.at("rhat_max").value > 1.1);
  CHECK_THAT(cell.outcome.reason, Contains("the largest R-hat is"));
}

TEST_CASE("a sampler that meets a NaN keeps its draws so far and their diagnostics") {
  const Workplace place;
  place.write("a.toml", moody("meets_nan", 300));
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::non_finite);
  CHECK_THAT(cell.outcome.reason, Contains("transition 3"));
  CHECK(first_draws(place).rows() == 3);
  CHECK(cell.metrics.count("rhat_max") == 1);
}

TEST_CASE("a sampler that throws keeps its draws so far beside the message") {
  const Workplace place;
  place.write("a.toml", moody("throws", 300));
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  CHECK(cell.outcome.ending == Ending::failed);
  CHECK_THAT(cell.outcome.reason, Contains("in a bad mood"));
  CHECK(first_draws(place).rows() == 2);
}

TEST_CASE("a fit that a sampler follows keeps its draws and metrics beside the sampler's") {
  const Workplace place;
  place.write("a.toml", R"([[model]]
plugin = "gaussian"
[[method]]
name = "fit and walk"
family = "gaussian_mean_field"
estimator = "reparameterized"
optimizer = "adam"
stop = { iterations = 200 }
sampler = "random_walk_metropolis"
draws = 200
warmup = 100
)");
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  const CellSummary cell = only_cell(place);
  for (const char* name : {"fit_elbo", "fit_pareto_k", "fit_mean_error_max", "fit_wasserstein_max",
                           "fit_gradient_snr", "fit_eubo", "mean_error_max", "wasserstein_max",
                           "rhat_max", "ess_per_gradient", "ksd_squared", "mmd_squared"})
    CHECK(cell.metrics.count(name) == 1);
  const auto file = cell_files(place / "results/a")[0];
  CHECK(read_draws(file, "fit_posterior").size() == read_draws(file, "posterior").size());
  CHECK(cell.metrics.at("fit_elbo").value <=
        cell.metrics.at("fit_eubo").value + 5 * cell.metrics.at("fit_eubo").mcse);
}

TEST_CASE("measuring gradients at checkpoints does not change the fit") {
  // The running baseline is a state of the estimator.
  const Workplace place;
  place.write("a.toml", R"([[model]]
plugin = "gaussian"
covariance = [[1.0, 0.8], [0.8, 1.0]]
[[method]]
name = "fit"
family = "gaussian_mean_field"
estimator = { plugin = "score_function", baseline = "running_mean" }
optimizer = "adam"
stop = { iterations = 200 }
)");
  elbow::test::elbow(
      place.folder(),
      {"run", "a.toml", "--set", "evaluation.checkpoint_gradient_draws=0", "--results", "without"});
  elbow::test::elbow(place.folder(), {"run", "a.toml", "--results", "with"});
  const auto without = read_rows(cell_files(place / "without/a")[0], "vi_trace", "iteration");
  const auto with = read_rows(cell_files(place / "with/a")[0], "vi_trace", "iteration");
  CHECK(without->columns.at("objective") == with->columns.at("objective"));
  const auto checkpoints =
      read_rows(cell_files(place / "with/a")[0], "vi_checkpoints", "iteration");
  CHECK((checkpoints->columns.at("gradient_variance").array() > 0).all());
  CHECK((checkpoints->columns.at("gradient_snr_mcse").array() >= 0).all());
}

namespace {

/// The rows of both errors against the draws of the method "walk". @param more  options
nlohmann::json errors_to_walk(const Workplace& place, const std::string& more = "") {
  const ProgramRun json = run_program(
      "compare " + (place / "results/a").string() +
      " --draws-of walk --metric sd_error_to_draws,mean_error_to_draws --format json" + more);
  INFO(json.out << json.err);
  REQUIRE(json.status == 0);
  return nlohmann::json::parse(json.out).at("rows");
}

}  // namespace

TEST_CASE("compare says by how much a fit errs against the draws of a sampler, with an error") {
  // The mean-field optimum of correlation 0.8 has sds of 0.6: 0.4 less than the posterior's.
  const Workplace place;
  place.write("a.toml", R"([[model]]
plugin = "gaussian"
covariance = [[1.0, 0.8], [0.8, 1.0]]
[[method]]
name = "fit"
family = "gaussian_mean_field"
estimator = "reparameterized"
optimizer = "adam"
draws = 4000
stop = { iterations = 3000 }
[[method]]
name = "walk"
sampler = "random_walk_metropolis"
draws = 4000
)");
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  double error = -1, standard_error = -1;
  for (const auto& row : errors_to_walk(place, " --where method=fit"))
    if (row.at("metric") == "sd_error_to_draws") {
      error = row.at("mean");
      standard_error = row.at("standard_error");
    }
  CHECK(standard_error < 0.05);
  // Of two variables the larger error is shown.
  CHECK(std::abs(error - 0.4) < 5 * standard_error + 0.02);
}

TEST_CASE("compare measures weighted draws by their weights") {
  // Draws of N(0, 1.5^2) as draws of N(1, 0.7^2): without weights the mean is off by 1.4 sds.
  const Workplace place;
  place.write("a.toml", R"([[model]]
plugin = "gaussian"
mean = [1.0]
covariance = [[0.49]]
[[method]]
name = "weighted"
sampler = { plugin = "importance", base_sd = 1.5 }
chains = 4000
[[method]]
name = "particles"
sampler = "smc"
[[method]]
name = "walk"
sampler = "random_walk_metropolis"
draws = 4000
)");
  elbow::test::elbow(place.folder(), {"run", "a.toml"});
  int seen = 0;
  for (const auto& row : errors_to_walk(place)) {
    if (row.at("mean").is_null()) continue;
    const double error = row.at("mean"), standard_error = row.at("standard_error");
    CHECK(standard_error < 0.1);
    CHECK(error < 4 * standard_error);
    ++seen;
  }
  CHECK(seen == 4);
}
