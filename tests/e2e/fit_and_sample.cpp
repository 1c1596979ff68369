// What a fit can be to the sampler that follows it.

#include <catch2/catch.hpp>

#include "program.hpp"
#include "record/cell_summary.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Matchers::Contains;

namespace {

const std::string fit_on_schools = R"(
seed = 3

[evaluation]
checkpoints = false

[[model]]
plugin = "eight_schools"

[[method]]
name      = "fitted"
estimator = { plugin = "reparameterized", draws = 10 }
optimizer = { plugin = "adam", learning_rate = 0.02 }
stop      = { iterations = 1000 }
)";

std::vector<CellSummary> run_on_schools(const Workplace& place, const std::string& method) {
  place.write("a.toml", fit_on_schools + method);
  const Ended ended = elbow::test::elbow(place.folder(), {"run", "a.toml", "--quiet"});
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  return read_index(place / "results/a");
}

}  // namespace

TEST_CASE("chains agree with the known moments, whatever the fit is to them") {
  const Workplace place;
  // A Gaussian's own map and its covariance, and a flow, are all exact: the target stays the same.
  auto cells = run_on_schools(place, R"(
family  = "gaussian_full_rank"
sampler = { each = ["nuts", "random_walk_metropolis"] }
fit     = { each = ["start", "metric", "transport"] }
thin    = 3
)");
  const auto flows = run_on_schools(Workplace(), R"(
family  = { plugin = "real_nvp", layers = 2, hidden = [8] }
sampler = "nuts"
fit     = "transport"
)");
  cells.insert(cells.end(), flows.begin(), flows.end());
  REQUIRE(cells.size() == 7);
  for (const CellSummary& cell : cells) {
    INFO(cell.method);
    // Five standard errors, and a little for their being estimates themselves.
    for (const char* metric : {"mean_error_max", "sd_error_max"}) {
      const Metric& error = cell.metrics.at(metric);
      CHECK(error.value < 5 * error.mcse + 0.02);
    }
    CHECK(cell.metrics.at("rhat_max").value < 1.1);
  }
}

TEST_CASE("a fit that knows the correlations makes a random walk's draws worth more") {
  const Workplace place;
  place.write("a.toml", R"(
[[model]]
plugin      = "gaussian"
correlation = 0.95
dimension   = 10

[[method]]
name      = "fitted"
family    = "gaussian_full_rank"
estimator = { plugin = "reparameterized", draws = 10, entropy = "sticking_the_landing" }
optimizer = { plugin = "adam", learning_rate = 0.05 }
stop      = { iterations = 2000 }
sampler   = { plugin = "hmc", metric = "unit" }
fit       = { each = ["start", "metric"] }
)");
  REQUIRE(elbow::test::elbow(place.folder(), {"run", "a.toml", "--quiet"}).status == 0);
  const auto cells = read_index(place / "results/a");
  REQUIRE(cells.size() == 2);
  const auto gradients_of = [&](const std::string& fit) {
    for (const CellSummary& cell : cells)
      if (cell.method.find(fit) != std::string::npos)
        return cell.metrics.at("ess_bulk_min").value /
               (cell.metrics.at("gradient_evaluations").value - 2000 * 10);
    return 0.0;
  };
  CHECK(gradients_of("metric") > 2 * gradients_of("start"));
}

TEST_CASE("what a fit cannot be to a sampler is refused while planning, with what it can be") {
  const Workplace place;
  const auto plan = [&](const std::string& method) {
    place.write("a.toml", fit_on_schools + method);
    return elbow::test::elbow(place.folder(), {"plan", "a.toml"}).output;
  };
  CHECK_THAT(plan("family = \"gaussian_mean_field\"\nsampler = \"smc\"\nfit = \"start\"\n"),
             Contains("smc\" moves a population") && Contains("base, metric and transport"));
  CHECK_THAT(plan("family = \"gaussian_mean_field\"\nsampler = \"nuts\"\nfit = \"base\"\n"),
             Contains("nuts\" moves chains") && Contains("start, metric and transport"));
  // What a mixture goes to is no map of normal numbers.
  CHECK_THAT(plan("family = { plugin = \"real_nvp\", base = \"mixture\" }\nsampler = \"nuts\"\n"
                  "fit = \"transport\"\n"),
             Contains("needs transport of the family") && Contains("student_t_mean_field"));
  place.write("b.toml",
              "[[model]]\nplugin = \"eight_schools\"\n[[method]]\nname = \"chains\"\n"
              "sampler = \"nuts\"\nfit = \"metric\"\n");
  CHECK_THAT(elbow::test::elbow(place.folder(), {"plan", "b.toml"}).output,
             Contains("fit is for methods with an estimator"));
}
