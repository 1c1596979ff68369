// Amortised inference from an experiment to its tables, in short versions of what is shipped.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "program.hpp"
#include "record/cell_summary.hpp"
#include "record/result_reader.hpp"

using namespace elbow;
using namespace elbow::test;
using Catch::Contains;

namespace {

std::vector<CellSummary> run_shipped(const Workplace& place, const std::string& name,
                                     const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"run", ELBOW_SOURCE "/experiments/" + name + ".toml",
                                        "--quiet", "--set", "repeats=1"};
  for (const std::string& setting : more) {
    arguments.push_back("--set");
    arguments.push_back(setting);
  }
  const Ended ended = elbow::test::elbow(place.folder(), arguments);
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  return read_index(place / ("results/" + name));
}

std::vector<CellSummary> run_text(const Workplace& place, const std::string& text) {
  place.write("own.toml", text);
  const Ended ended = elbow::test::elbow(place.folder(), {"run", "own.toml", "--quiet"});
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  return read_index(place / "results/own");
}

double value(const CellSummary& cell, const std::string& metric) {
  INFO(cell.method << ": " << metric);
  return cell.metrics.at(metric).value;
}

const CellSummary& named(const std::vector<CellSummary>& cells, const std::string& method) {
  for (const CellSummary& cell : cells)
    if (cell.method.find(method) != std::string::npos) return cell;
  FAIL("no method " << method);
  return cells.front();
}

const std::string factor_analysis = R"(
seed = 3
[evaluation]
log_likelihood_draws = 2000
[[model]]
plugin  = "factor_analysis"
train   = 150
test    = 80
pixels  = 6
)";

}  // namespace

TEST_CASE("A fit of factor analysis is measured against its exact evidence, on train and test") {
  const Workplace place;
  const auto cells = run_text(place, factor_analysis + R"(
[[method]]
name       = "fit"
family     = { plugin = "amortized_gaussian", hidden = [] }
estimator  = "amortized_elbo"
optimizer  = { plugin = "adam", learning_rate = 0.01 }
batch_size = 50
stop       = { iterations = 3000 }
)");
  REQUIRE(cells.size() == 1);
  const CellSummary& cell = cells[0];
  CHECK(value(cell, "train_elbo") ==
        Approx(-value(cell, "train_rate") - value(cell, "train_distortion")));
  CHECK(value(cell, "train_log_evidence") < value(cell, "maximum_log_evidence") + 1e-9);
  CHECK(value(cell, "train_log_evidence") > value(cell, "maximum_log_evidence") - 0.1);
  // The linear encoder can be the exact posterior.
  CHECK(value(cell, "test_elbo") < value(cell, "test_log_evidence") + 0.02);
  CHECK(value(cell, "test_elbo") > value(cell, "test_log_evidence") - 0.1);
  const Metric& likelihood = cell.metrics.at("test_log_likelihood");
  CHECK(std::abs(likelihood.value - value(cell, "test_log_evidence")) < 5 * likelihood.mcse + 1e-3);
  // In closed form, without draws.
  for (const char* rate : {"train_rate", "test_rate"}) CHECK(cell.metrics.at(rate).mcse == 0);
  CHECK(value(cell, "test_active_units") == 2);
  CHECK(value(cell, "test_mutual_information") < value(cell, "test_rate"));
  CHECK(value(cell, "test_mutual_information") > 0);

  const auto file = place / "results/own" / cell.path.string();
  const auto rows = read_rows(file, "item_checkpoints", "iteration");
  REQUIRE(rows);
  const Eigen::VectorXd elbo = rows->columns.at("test_elbo");
  CHECK(rows->coordinate[0] == 1);
  CHECK(elbo[elbo.size() - 1] > elbo[0]);
  CHECK(std::abs(elbo[elbo.size() - 1] - value(cell, "test_elbo")) < 0.5);
  const auto trace = read_rows(file, "vi_trace", "iteration");
  REQUIRE(trace);
  for (const char* column : {"rate", "distortion", "beta"})
    CHECK(trace->columns.count(column) == 1);
  CHECK(read_numbers(file, "examples").size() == 4 * 32 * 6);

  const Ended compared = elbow::test::elbow(place.folder(), {"compare", "results/own"});
  CHECK_THAT(compared.output, Contains("test_elbo") && Contains("test_log_likelihood"));
}

TEST_CASE("What is not asked for is not measured") {
  const Workplace place;
  const auto cells = run_text(place, R"(
[evaluation]
log_likelihood_draws     = 0
mutual_information_items = 0
checkpoint_items         = 0
stored_items             = 0
[[model]]
plugin = "factor_analysis"
[[method]]
name       = "fit"
family     = { plugin = "amortized_gaussian", hidden = [] }
estimator  = "amortized_elbo"
optimizer  = "adam"
batch_size = 50
stop       = { iterations = 3 }
)");
  CHECK(cells[0].metrics.count("test_elbo") == 1);
  CHECK(cells[0].metrics.count("test_log_likelihood") == 0);
  CHECK(cells[0].metrics.count("test_mutual_information") == 0);
  const auto file = place / "results/own" / cells[0].path.string();
  CHECK(!read_rows(file, "item_checkpoints", "iteration"));
  CHECK(read_numbers(file, "examples").empty());
}

TEST_CASE("vae: the shipped experiment runs on its generated images, in short") {
  const Workplace place;
  const auto cells =
      run_shipped(place, "vae",
                  {"method.closed.stop.iterations=300", "method.monte-carlo.stop.iterations=300",
                   "method.two-layers.stop.iterations=300", "evaluation.log_likelihood_draws=100"});
  REQUIRE(cells.size() == 4);
  for (const CellSummary& cell : cells) {
    INFO(cell.method);
    CHECK(cell.outcome.ending == Ending::budget_spent);
    CHECK(value(cell, "test_log_likelihood") > value(cell, "test_elbo") - 0.5);
    // Pixel means alone cost about 50 nats.
    CHECK(value(cell, "test_elbo") > -60);
    CHECK(value(cell, "test_rate") > 1);
  }
}

TEST_CASE("importance_weighted_autoencoder: the shipped experiment runs, in short") {
  const Workplace place;
  std::vector<std::string> settings = {"evaluation.log_likelihood_draws=100"};
  for (const std::string method : {"iwae", "iwae-50", "wake-sleep", "reweighted-wake-sleep"})
    settings.push_back("method." + method + ".stop.iterations=60");
  const auto cells = run_shipped(place, "importance_weighted_autoencoder", settings);
  REQUIRE(cells.size() == 8);
  for (const CellSummary& cell : cells) {
    INFO(cell.method);
    CHECK(cell.outcome.ending == Ending::budget_spent);
    CHECK(std::isfinite(value(cell, "test_log_likelihood")));
  }
}

TEST_CASE("rate_distortion: the rate falls with beta, and the curve ends the comparison") {
  const Workplace place;
  const auto cells =
      run_shipped(place, "rate_distortion",
                  {"method.beta.stop.iterations=500", "method.rising.stop.iterations=20",
                   "evaluation.log_likelihood_draws=50"});
  REQUIRE(cells.size() == 8);
  double last = std::numeric_limits<double>::infinity();
  for (const char* beta :
       {"beta=0.1", "beta=0.3", "beta=1.0", "beta=3.0", "beta=10.0", "beta=30.0"}) {
    const double rate = value(named(cells, beta), "test_rate");
    CHECK(rate < last);
    last = rate;
  }
  CHECK(value(named(cells, "beta=30"), "test_active_units") <
        value(named(cells, "beta=0.1"), "test_active_units"));
  const Ended compared = elbow::test::elbow(place.folder(), {"compare", "results/rate_distortion"});
  CHECK_THAT(compared.output, Contains("Rate and distortion on model vae") &&
                                  Contains("Entropy line") && Contains("convex"));
  const Ended reported = elbow::test::elbow(place.folder(), {"report", "results/rate_distortion"});
  CHECK(reported.status == 0);
}

TEST_CASE("learnt_prior: all priors train, in short") {
  const Workplace place;
  const auto cells =
      run_shipped(place, "learnt_prior",
                  {"method.elbo.stop.iterations=200", "evaluation.log_likelihood_draws=100"});
  REQUIRE(cells.size() == 4);
  for (const CellSummary& cell : cells) {
    INFO(cell.model);
    CHECK(cell.outcome.ending == Ending::budget_spent);
    CHECK(value(cell, "test_elbo") > -65);
  }
}

TEST_CASE("Families and models that do not belong together are refused while planning") {
  const Workplace place;
  place.write("own.toml", R"(
[[model]]
plugin = "vae"
[[model]]
plugin = "gaussian"
[[method]]
name       = "plain"
family     = "gaussian_mean_field"
estimator  = "importance_weighted"
optimizer  = "adam"
[[method]]
name       = "amortized"
family     = "amortized_gaussian"
estimator  = "importance_weighted"
optimizer  = "adam"
)");
  const Ended planned = elbow::test::elbow(place.folder(), {"plan", "own.toml"});
  INFO(planned.output);
  CHECK_THAT(planned.output, Contains("needs a family that is conditional"));
  CHECK_THAT(planned.output, Contains("is conditional and needs latent_items of the model"));
}

TEST_CASE("Why a cell was skipped is told when the run ends") {
  const Workplace place;
  place.write("own.toml", R"(
repeats = 2
[[model]]
plugin        = "vae"
rows          = 4
columns       = 3
train         = 20
test          = 5
latents       = 2
hidden        = [4]
prior         = "mixture"
pseudo_inputs = 3
[[method]]
name       = "closed"
family     = { plugin = "amortized_gaussian", hidden = [4] }
estimator  = { plugin = "amortized_elbo", kl = "closed" }
optimizer  = "adam"
batch_size = 10
stop       = { iterations = 2 }
)");
  const Ended run = elbow::test::elbow(place.folder(), {"run", "own.toml"});
  INFO(run.output);
  CHECK(run.status == 0);
  CHECK_THAT(run.output,
             Contains("2 cells skipped: estimator \"amortized_elbo\": kl = \"closed\" needs"));
}

TEST_CASE("Images in the results have rows and columns") {
  const Workplace place;
  const auto cells = run_text(place, R"(
[evaluation]
stored_items         = 3
log_likelihood_draws = 0
[[model]]
plugin  = "vae"
rows    = 5
columns = 4
train   = 30
test    = 10
hidden  = [8]
latents = 2
[[method]]
name       = "fit"
family     = { plugin = "amortized_gaussian", hidden = [8] }
estimator  = "amortized_elbo"
optimizer  = "adam"
batch_size = 10
stop       = { iterations = 3 }
)");
  const auto numbers = read_numbers(place / "results/own" / cells[0].path.string(), "examples");
  REQUIRE(numbers.size() == 4 * 3 * 20);
  bool found = false;
  for (const NamedNumber& number : numbers) {
    CHECK(number.value >= 0);
    CHECK(number.value <= 1);
    found |= number.name == "reconstruction[2, 4, 3]";
  }
  CHECK(found);
}
