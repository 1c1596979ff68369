// Fits with default settings, through the program: the right answer, or an outcome that does not
// call it one.

#include <catch2/catch.hpp>
#include <cmath>

#include "program.hpp"
#include "record/cell_summary.hpp"

using namespace elbow;
using namespace elbow::test;

namespace fit_tests {

namespace {

std::vector<CellSummary> run(const std::string& experiment) {
  const Workplace place;
  place.write("fits.toml", experiment);
  const Ended ended = elbow::test::elbow(place.folder(), {"run", "fits.toml", "--quiet"});
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  return read_index(place / "results/fits");
}

std::string described(const CellSummary& cell) {
  return cell.model + " / " + cell.method + ": " + ending_name(cell.outcome.ending) + " (" +
         cell.outcome.reason + ")";
}

constexpr const char* head = R"(
seed = 3
[evaluation]
draws = 4000
checkpoints = false
gradient_draws = 0
)";

/// All estimators of the ELBO with all optimizers and Gaussian families, everything by default.
std::string methods(const std::string& name, const std::string& stop) {
  return "[[method]]\nname = \"" + name + R"("
family = { each = ["gaussian_mean_field", "gaussian_full_rank"] }
estimator = { each = ["reparameterized", "score_function"] }
optimizer = { each = ["adam", "sgd", "adagrad", "rmsprop", "dowg", "stan_advi"] }
)" + stop;
}

constexpr const char* eight_prior_sds = R"(
[[model]]
plugin = "gaussian"
mean = [8.0]
covariance = [[0.2]]
log_evidence = -41.030510
)";

constexpr const char* scales = R"(
[[model]]
name = "thousandth"
plugin = "gaussian"
mean = [0.0]
covariance = [[1e-6]]

[[model]]
name = "thousand"
plugin = "gaussian"
mean = [0.0]
covariance = [[1e6]]

[[model]]
name = "hundred away"
plugin = "gaussian"
mean = [100.0]
covariance = [[1.0]]

[[model]]
name = "far and wide"
plugin = "gaussian"
mean = [3000.0]
covariance = [[1e6]]
)";

}  // namespace

TEST_CASE("Every default fit finds a posterior eight prior sds away, by budget and by rule") {
  const auto cells = run(head + std::string(eight_prior_sds) + methods("budget", "") +
                         methods("rule", "stop = { stationary = 0.001 }\n") +
                         methods("relative", "stop = { relative_change = 2e-5 }\n"));
  REQUIRE(cells.size() == 72);
  for (const CellSummary& cell : cells) {
    INFO(described(cell));
    CHECK(cell.metrics.at("kl_to_posterior").value < 1e-3);
    const Metric& elbo = cell.metrics.at("elbo");
    CHECK(elbo.value == Approx(-41.030510).margin(1e-3 + 5 * elbo.mcse));
    const bool by_rule = cell.method.find("budget") != 0;
    CHECK(cell.outcome.ending == (by_rule ? Ending::converged : Ending::budget_spent));
    if (by_rule) CHECK(cell.outcome.reason.find("changed the ELBO by") != std::string::npos);
  }
}

TEST_CASE("Default fits by other objectives find it with every optimizer") {
  const auto cells = run(head + std::string(eight_prior_sds) + R"(
[[method]]
name = "bound"
family = { each = ["gaussian_mean_field", "gaussian_full_rank"] }
estimator = { each = ["importance_weighted", "renyi"] }
optimizer = { each = ["adam", "sgd", "adagrad", "rmsprop", "dowg", "stan_advi"] }

[[method]]
name = "weights"
family = { each = ["gaussian_mean_field", "gaussian_full_rank", "gaussian_low_rank"] }
estimator = { each = ["inclusive_kl", "chi"] }
optimizer = { each = ["adam", "sgd", "adagrad", "rmsprop", "dowg", "stan_advi"] }
)");
  REQUIRE(cells.size() == 60);
  for (const CellSummary& cell : cells) {
    INFO(described(cell));
    CHECK(cell.metrics.at("kl_to_posterior").value < 2e-3);
    CHECK(cell.metrics.at("mean_error_max").value < 0.06);
  }
}

TEST_CASE("Default fits of targets far from unit scale are right, or say that they are not") {
  const auto cells = run(head + std::string(scales) + methods("budget", "") +
                         methods("rule", "stop = { stationary = 0.01, iterations = 20000 }\n"));
  REQUIRE(cells.size() == 4 * 48);
  int right = 0;
  for (const CellSummary& cell : cells) {
    const double kl = cell.metrics.at("kl_to_posterior").value;
    INFO(described(cell) << ", KL " << kl);
    if (cell.outcome.ending == Ending::converged) {
      ++right;
      CHECK(kl < 0.05);
    }
    // What spent its budget far from the answer was still on its way, and says so.
    const bool by_path = cell.method.find("reparameterized") != std::string::npos;
    if (by_path && cell.outcome.ending == Ending::budget_spent && !(kl < 1))
      CHECK(!cell.outcome.reason.empty());
  }
  CHECK(right >= 8);
}

TEST_CASE("Deterministic and natural-gradient fits find a posterior eight prior sds away too") {
  const auto cells = run(head + std::string(eight_prior_sds) + R"(
[[method]]
name = "lbfgs"
family = { each = ["gaussian_mean_field", "gaussian_full_rank"] }
estimator = "quadrature"
optimizer = "lbfgs"

[[method]]
name = "natural"
family = { each = ["gaussian_mean_field", "gaussian_full_rank"] }
estimator = "natural_gradient"

[[method]]
name = "laplace"
estimator = "laplace"

[[method]]
name = "pathfinder"
estimator = "pathfinder"

[[method]]
name = "divergence"
family = { each = ["gaussian_mean_field", "gaussian_full_rank"] }
estimator = { each = ["renyi", "inclusive_kl", "chi", "importance_weighted"] }
optimizer = "adam"
)");
  REQUIRE(cells.size() == 14);
  for (const CellSummary& cell : cells) {
    INFO(described(cell));
    CHECK(cell.metrics.at("elbo").value == Approx(-41.030510).margin(5e-3));
    CHECK(cell.metrics.at("mean_error_max").value < 0.06);
    CHECK(cell.metrics.at("sd_error_max").value < 0.06);
  }
}

TEST_CASE("Optima over one set of draws miss the posterior by those draws' error and no more") {
  const auto cells = run(head + std::string(eight_prior_sds) + R"(
[[method]]
name = "fixed"
family = { each = ["gaussian_mean_field", "gaussian_full_rank"] }
estimator = "fixed_draws"
)");
  // 30 draws: the mean is off by their mean's error, 1 / sqrt(30) of an sd at five of which the
  // KL is 0.4.
  for (const CellSummary& cell : cells) {
    INFO(described(cell));
    CHECK(cell.outcome.ending == Ending::converged);
    CHECK(cell.metrics.at("kl_to_posterior").value < 0.4);
  }
}

TEST_CASE("A fit that ends worse than it began has diverged, and gives no chain its start") {
  // One step of 30 in every parameter, the logarithm of the scale among them: from N(0, 1) to
  // sd e^-30 for the narrow model, and to e^30 for those a thousand wide.
  const std::string leap = R"(
family = "gaussian_mean_field"
estimator = "reparameterized"
optimizer = { plugin = "adam", learning_rate = 30, averaging = "none" }
stop = { iterations = 1 }
)";
  const auto cells =
      run(head + std::string(eight_prior_sds) + scales + "[[method]]\nname = \"leap\"" + leap +
          "[[method]]\nname = \"leap_then_hmc\"" + leap + "sampler = \"hmc\"\n");
  REQUIRE(cells.size() == 10);
  for (const CellSummary& cell : cells) {
    if (cell.model == "thousandth" || cell.model == "hundred away") continue;
    INFO(described(cell));
    CHECK(cell.outcome.ending == Ending::diverged);
    CHECK(cell.outcome.reason.find("is below that of its start, ") != std::string::npos);
    CHECK(cell.metrics.count("ess_bulk_min") == 0);
  }
}

TEST_CASE("Default fits by weights say when few draws had them, and cover heavy tails") {
  // Of the best independent Gaussians by these objectives, sds 1.70 by the chi divergence and 1 by
  // the inclusive KL, steps of 50 and 100 draws find next to nothing: the posterior is a needle of
  // sds 2.19 and 0.22.
  const auto cells = run(head + std::string(R"(
[[model]]
name = "needle"
plugin = "gaussian"
dimension = 5
correlation = 0.95

[[model]]
plugin = "funnel"
dimension = 2

[[method]]
name = "weights"
family = "gaussian_mean_field"
estimator = { each = ["chi", "inclusive_kl"] }
optimizer = "adam"
)"));
  REQUIRE(cells.size() == 4);
  for (const CellSummary& cell : cells) {
    INFO(described(cell));
    CHECK(cell.outcome.ending == Ending::budget_spent);
    if (cell.model == "needle") {
      CHECK(cell.metrics.at("sd_error_max").value > 0.1);
      CHECK(cell.outcome.reason.find("weight") != std::string::npos);
    }
  }
}

TEST_CASE("A fit whose rule did not hold within its budget says so") {
  const auto cells = run(head + std::string(R"(
[[model]]
plugin = "gaussian"
dimension = 5
correlation = 0.95

[[method]]
name = "rule"
family = "gaussian_full_rank"
estimator = "reparameterized"
optimizer = "adam"
stop = { stationary = 0.01, iterations = { each = [100, 400, 800, 1600, 3200] } }
)"));
  REQUIRE(cells.size() == 5);
  for (const CellSummary& cell : cells) {
    INFO(described(cell));
    CHECK(!cell.outcome.reason.empty());
    if (cell.outcome.ending == Ending::converged)
      CHECK(cell.metrics.at("kl_to_posterior").value < 0.02);
  }
}

TEST_CASE("A rule that fires at the noise floor says so") {
  // A tolerance far below the Monte-Carlo error of the comparison.
  const auto cells = run(head + std::string(R"(
[[model]]
plugin = "funnel"

[[method]]
name = "rule"
family = "gaussian_mean_field"
estimator = "reparameterized"
optimizer = "adam"
stop = { stationary = 1e-6, iterations = 200000 }
)"));
  REQUIRE(cells.size() == 1);
  INFO(described(cells[0]));
  CHECK(cells[0].outcome.ending == Ending::converged);
  CHECK(cells[0].outcome.reason.find("noise floor") == 0);
}

}  // namespace fit_tests
