// The shipped experiments, run as they are: what their first comments say must be what comes out.

#include <catch2/catch.hpp>
#include <cmath>

#include "program.hpp"
#include "record/cell_summary.hpp"

using namespace elbow;
using namespace elbow::test;

namespace {

/// Runs experiments/<name>.toml with the project's own plugins. @return all its cells
std::vector<CellSummary> run(const Workplace& place, const std::string& name,
                             const std::vector<std::string>& changes = {}) {
  std::vector<std::string> arguments = {"run", ELBOW_SOURCE "/experiments/" + name + ".toml",
                                        "--quiet"};
  for (const std::string& change : changes) {
    arguments.push_back("--set");
    arguments.push_back(change);
  }
  const Ended ended = elbow::test::elbow(place.folder(), arguments);
  INFO(ended.output);
  REQUIRE(ended.status == 0);
  return read_index(place / ("results/" + name));
}

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

/// A metric's value over the cells of one model whose method's name starts like this.
std::vector<double> values(const std::vector<CellSummary>& cells, const std::string& model,
                           const std::string& method, const std::string& metric) {
  std::vector<double> found;
  for (const CellSummary& cell : cells)
    if (cell.model == model && starts_with(cell.method, method))
      found.push_back(cell.metrics.at(metric).value);
  REQUIRE(found.size() == 3);
  return found;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / double(values.size());
}

}  // namespace

TEST_CASE("free_energy: log evidence is KL plus ELBO in every cell, and KL reaches its optimum") {
  const Workplace place;
  const auto cells = run(place, "free_energy");
  REQUIRE(cells.size() == 42);
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method << " / " << cell.replicate);
    const Metric& residual = cell.metrics.at("free_energy_residual");
    CHECK(std::abs(residual.value) < 5 * residual.mcse + 1e-9);
    CHECK(cell.metrics.at("kl_to_posterior").value > -1e-9);
  }
  // -1/2 log(1 - 0.9^2): the best mean-field approximation of a correlation of 0.9.
  for (const double kl :
       values(cells, "correlated", "mean-field(estimator.entropy=closed)", "kl_to_posterior")) {
    CHECK(kl > 0.830366 - 1e-6);
    CHECK(kl < 0.830366 + 0.01);
  }
  CHECK(mean(values(cells, "correlated", "mean-field(estimator.entropy=closed)",
                    "kl_from_posterior")) > 2);
  for (const char* entropy : {"closed", "sticking_the_landing"})
    for (const char* model : {"correlated", "regression"})
      for (const double kl :
           values(cells, model, std::string("full-rank(estimator.entropy=") + entropy + ")",
                  "kl_to_posterior"))
        CHECK(kl < 0.05);
}

TEST_CASE("free_energy: gradient variances order as theory says") {
  const Workplace place;
  const auto cells = run(place, "free_energy");
  const auto variance = [&](const std::string& method) {
    return mean(values(cells, "regression", method, "gradient_variance"));
  };
  CHECK(variance("mean-field-score(estimator.baseline=none)") >
        100 * variance("mean-field-score(estimator.baseline=leave_one_out)"));
  CHECK(variance("mean-field-score(estimator.baseline=leave_one_out)") >
        variance("mean-field(estimator.entropy=sticking_the_landing)"));
  CHECK(mean(values(cells, "correlated", "full-rank(estimator.entropy=sticking_the_landing)",
                    "gradient_variance")) < 1e-6);
}

TEST_CASE(
    "quickstart: HMC's errors are Monte-Carlo errors, and Gaussians stay below the evidence") {
  const Workplace place;
  const auto cells = run(place, "quickstart");
  REQUIRE(cells.size() == 18);
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method << " / " << cell.replicate);
    CHECK(cell.outcome.ending == Ending::budget_spent);
    if (cell.method == "hmc") {
      const Metric& error = cell.metrics.at("mean_error_max");
      CHECK(error.value < 5 * error.mcse);
    } else {
      const Metric& elbo = cell.metrics.at("elbo");
      CHECK(elbo.value < cell.metrics.at("log_evidence").value + 5 * elbo.mcse);
    }
  }
  // On eight schools the Gaussians' errors are real: beyond anything Monte Carlo explains.
  for (const char* method : {"mean-field", "full-rank"})
    CHECK(mean(values(cells, "eight_schools", method, "mean_error_max")) > 0.05);
  for (const double rhat : values(cells, "eight_schools", "hmc", "rhat_max")) CHECK(rhat < 1.02);
}

TEST_CASE("divergences: each divergence has its own width on a correlated Gaussian") {
  const Workplace place;
  const auto cells = run(place, "divergences");
  REQUIRE(cells.size() == 12);
  const auto kl_to = [&](const char* method) {
    return mean(values(cells, "gaussian", method, "kl_to_posterior"));
  };
  const auto kl_from = [&](const char* method) {
    return mean(values(cells, "gaussian", method, "kl_from_posterior"));
  };
  CHECK(kl_to("renyi(estimator.alpha=1") == Approx(0.047155).margin(0.003));
  CHECK(kl_from("inclusive") == Approx(0.047155).margin(0.003));
  CHECK(kl_to("chi") == Approx(0.06234).margin(0.01));
  CHECK(kl_to("renyi(estimator.alpha=1") < kl_to("inclusive"));
  CHECK(kl_from("renyi(estimator.alpha=0.5") < kl_from("renyi(estimator.alpha=1"));
}

TEST_CASE(
    "four_bumps: the inclusive fit has the density's moments, flows and mixtures a small KL") {
  const Workplace place;
  const auto cells = run(place, "four_bumps");
  REQUIRE(cells.size() == 24);
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method << " / " << cell.replicate);
    const Metric& kl = cell.metrics.at("kl_monte_carlo");
    CHECK(kl.value > -5 * kl.mcse);
  }
  const auto of = [&](const char* method, const char* metric) {
    return values(cells, "laplace_mixture", method, metric);
  };
  for (const char* metric : {"mean_error_max", "sd_error_max"})
    for (const double error : of("inclusive", metric)) CHECK(error < 0.1);
  const auto radial = of("flow(family=radial)", "kl_monte_carlo");
  const auto inclusive = of("inclusive", "kl_monte_carlo");
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(radial[i] < 0.15);
    CHECK(radial[i] < inclusive[i]);
  }
  for (const char* estimator : {"reparameterized", "score_function"})
    for (const double kl :
         of((std::string("mixture(estimator=") + estimator + ")").c_str(), "kl_monte_carlo"))
      CHECK(kl < 0.1);
}

TEST_CASE("cavi: no update loses, and minibatches end within a nat of coordinate ascent") {
  const Workplace place;
  const auto cells = run(place, "cavi");
  REQUIRE(cells.size() == 20);
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method << " / " << cell.replicate);
    if (cell.method == "coordinate") CHECK(cell.outcome.ending == Ending::converged);
    CHECK(cell.metrics.at("elbo").value >= cell.metrics.at("objective").value - 1);
  }
  // On the geyser's data, the same in every replicate, both find the one optimum.
  for (const CellSummary& one : cells)
    for (const CellSummary& other : cells)
      if (one.model == "geyser" && other.model == "geyser")
        CHECK(std::abs(one.metrics.at("elbo").value - other.metrics.at("elbo").value) < 1);
}

TEST_CASE("gradients: variances fall from the score function to Sobol points") {
  const Workplace place;
  const auto cells = run(place, "gradients");
  REQUIRE(cells.size() == 42);
  const auto of = [&](const char* model, const char* method) {
    return mean(values(cells, model, method, "gradient_variance"));
  };
  for (const char* model : {"one dimension", "regression"}) {
    CHECK(of(model, "score(estimator.baseline=none)") >
          10 * of(model, "score(estimator.baseline=leave_one_out)"));
    CHECK(of(model, "path(estimator.noise=antithetic)") <
          of(model, "path(estimator.noise=independent)"));
    CHECK(of(model, "path(estimator.noise=sobol)") <
          0.7 * of(model, "path(estimator.noise=independent)"));
  }
  CHECK(of("one dimension", "path-sticking") <
        0.01 * of("one dimension", "path(estimator.noise=independent)"));
}

TEST_CASE("integral: every gradient comes to the same optimum, and weights give the integral") {
  const Workplace place;
  const auto cells = run(place, "integral");
  REQUIRE(cells.size() == 36);
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method << " / " << cell.replicate);
    const Metric& known = cell.metrics.at("log_evidence");
    CHECK(cell.metrics.at("elbo").value < known.value + 5 * cell.metrics.at("elbo").mcse);
    if (cell.method.find("student_t") == std::string::npos) continue;
    const Metric& found = cell.metrics.at("log_evidence_psis");
    CHECK(std::abs(found.value - known.value) < 5 * found.mcse);
    CHECK(cell.metrics.at("pareto_k").value < 0.5);
  }
  for (const CellSummary& one : cells)
    for (const CellSummary& other : cells)
      if (one.method.find("leibniz") == 0 && other.method.find("leibniz") != 0 &&
          one.model == other.model && one.replicate == other.replicate &&
          one.method.substr(one.method.find('(')) == other.method.substr(other.method.find('('))) {
        const Metric &a = one.metrics.at("elbo"), &b = other.metrics.at("elbo");
        INFO(one.model << " / " << one.method << " and " << other.method);
        CHECK(std::abs(a.value - b.value) < 5 * std::hypot(a.mcse, b.mcse) + 2e-3);
      }
}

TEST_CASE("importance_weighted: bounds rise with K from the prior, and are tight when trained") {
  const Workplace place;
  const auto cells = run(place, "importance_weighted");
  REQUIRE(cells.size() == 18);
  const double evidence = -2.2655121;
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method << " / " << cell.replicate);
    const double bound = cell.metrics.at("objective").value;
    if (cell.method == "prior(estimator.draws=1)") CHECK(bound == Approx(-3.41894).margin(0.08));
    if (cell.method == "prior(estimator.draws=5)") CHECK(bound == Approx(-2.4224).margin(0.03));
    if (cell.method == "prior(estimator.draws=50)") CHECK(bound == Approx(-2.2783).margin(0.005));
    if (cell.method.find("trained") == 0) CHECK(bound == Approx(evidence).margin(0.01));
  }
}

// Four wells in place of sixteen and fewer, longer steps of fewer draws.
TEST_CASE("flows: all gain on a mean field in the funnel, and splines find both modes of wells") {
  const Workplace place;
  std::vector<std::string> changes = {
      "model.many_well.wells=4", "method.mean-field.stop.iterations=1000",
      "method.affine.stop.iterations=400", "method.affine.estimator.draws=64",
      "method.spline.stop.iterations=1000"};
  for (const char* method : {"method.affine", "method.spline"})
    changes.push_back(std::string(method) + ".optimizer.learning_rate=0.01");
  const auto cells = run(place, "flows", changes);
  REQUIRE(cells.size() == 10);
  const double evidence = 4 * 10.2934797;
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method);
    const Metric& elbo = cell.metrics.at("elbo");
    CHECK(elbo.value < (cell.model == "funnel" ? 0 : evidence) + 5 * elbo.mcse);
    if (cell.model == "funnel" && cell.method == "mean-field")
      CHECK(elbo.value == Approx(-1.862847).margin(0.1));
    if (cell.model == "funnel" && cell.method != "mean-field") CHECK(elbo.value > -1);
    // One mode per well is 0.163 nats short of both, 0.652 in all.
    if (cell.model == "many_well" && cell.method == "spline")
      CHECK(cell.metrics.at("log_evidence_psis").value == Approx(evidence).margin(0.3));
  }
}
