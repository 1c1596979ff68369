// The shipped comparison of Monte Carlo with variational answers, made shorter.

#include <catch2/catch.hpp>
#include <cmath>

#include "program.hpp"
#include "record/cell_summary.hpp"

using namespace elbow;
using namespace elbow::test;

TEST_CASE("monte_carlo: samplers agree with the known answers where Gaussians do not") {
  const Workplace place;
  const Ended run = elbow::test::elbow(
      place.folder(),
      {"run", ELBOW_SOURCE "/experiments/monte_carlo.toml", "--quiet", "--set", "repeats=1",
       "--set", "model.credit.items=200", "--set", "model.credit.dimension=6", "--set",
       "method.vi.stop.iterations=1000", "--set", "method.vi-importance.stop.iterations=1000",
       "--set", "method.vi-nuts.stop.iterations=1000", "--set", "method.smc.chains=1000"});
  INFO(run.output);
  REQUIRE(run.status == 0);
  const auto cells = read_index(place / "results/monte_carlo");
  REQUIRE(cells.size() == 18);
  std::vector<double> evidences;
  for (const CellSummary& cell : cells) {
    INFO(cell.model << " / " << cell.method);
    const bool fit_only = cell.method.rfind("vi(", 0) == 0;
    if (cell.model == "eight_schools" && fit_only) {
      CHECK(cell.metrics.at("sd_error_max").value > 0.05);
    } else if (cell.model == "eight_schools" && cell.metrics.count("rhat_max") > 0) {
      CHECK(cell.metrics.at("mean_error_max").value < 0.15);
    }
    if (cell.model == "credit")
      for (const char* metric : {"log_evidence_psis", "log_evidence_sampler"})
        if (const auto found = cell.metrics.find(metric); found != cell.metrics.end())
          evidences.push_back(found->second.value);
  }
  // Full-rank and mean-field fits with their weights, and SMC: one evidence.
  REQUIRE(evidences.size() >= 5);
  for (const double evidence : evidences) CHECK(std::abs(evidence - evidences[0]) < 0.5);
}
