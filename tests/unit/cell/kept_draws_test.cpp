#include "cell/kept_draws.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "cell/chain_diagnostics.hpp"

using namespace elbow;

namespace {

double metric(const std::vector<Metric>& metrics, const std::string& name) {
  for (const Metric& m : metrics)
    if (m.name == name) return m.value;
  FAIL("no metric " << name);
  return 0;
}

/// Independent standard normal chains, shifted by `offset` times the number of the chain.
KeptDraws independent_chains(Index variables, Index chains, Index draws, double offset) {
  KeptDraws kept(variables, chains);
  RandomStream stream(3, 0, "kept draws");
  Eigen::MatrixXd x(variables, chains);
  for (Index i = 0; i < draws; ++i) {
    stream.fill_normal(x);
    for (Index c = 0; c < chains; ++c) x.col(c).array() += offset * double(c);
    kept.add(x);
  }
  return kept;
}

}  // namespace

/// The diagnostics of kept draws as metrics.
std::vector<Metric> diagnostics(const KeptDraws& kept) {
  std::vector<Metric> metrics;
  add_chain_diagnostics(kept.summaries(), kept.stride(), metrics);
  return metrics;
}

TEST_CASE("independent chains have R-hat near 1 and an effective sample size near the draws") {
  const std::vector<Metric> metrics = diagnostics(independent_chains(2, 4, 1000, 0));
  CHECK(metric(metrics, "rhat_max") < 1.01);
  CHECK(metric(metrics, "ess_bulk_min") > 3000);
  CHECK(metric(metrics, "ess_bulk_min") < 5000);
}

TEST_CASE("chains at different places have a large R-hat and few effective draws") {
  const std::vector<Metric> metrics = diagnostics(independent_chains(1, 4, 1000, 2));
  CHECK(metric(metrics, "rhat_max") > 1.5);
  CHECK(metric(metrics, "ess_bulk_min") < 20);
}

TEST_CASE("beyond the memory kept, moments are still those of the chain") {
  // 2000 variables in 4 chains: at most 1000 draws of each are kept.
  const KeptDraws kept = independent_chains(2000, 4, 3500, 0);
  const MomentEstimates moments = moments_of(kept.summaries());
  CHECK(moments.mean.cwiseAbs().maxCoeff() < 5.5 / std::sqrt(4 * 500.0));
  CHECK((moments.sd.array() - 1).abs().maxCoeff() < 5.5 / std::sqrt(2 * 4 * 500.0));
}

TEST_CASE("a constant variable is counted and does not hide the others") {
  KeptDraws kept(2, 2);
  RandomStream stream(4, 0, "kept draws");
  Eigen::MatrixXd x = Eigen::MatrixXd::Ones(2, 2);
  for (int i = 0; i < 500; ++i) {
    for (Index c = 0; c < 2; ++c) x(1, c) = stream.normal();
    kept.add(x);
  }
  const std::vector<Metric> metrics = diagnostics(kept);
  CHECK(metric(metrics, "constant_variables") == 1);
  CHECK(metric(metrics, "ess_bulk_min") > 500);
}

TEST_CASE("a NaN of one variable is the worst of all, not left out") {
  KeptDraws kept(2, 2);
  RandomStream stream(5, 0, "kept draws");
  Eigen::MatrixXd x(2, 2);
  for (int i = 0; i < 100; ++i) {
    stream.fill_normal(x);
    if (i == 50) x(1, 0) = NAN;
    kept.add(x);
  }
  CHECK(std::isnan(metric(diagnostics(kept), "rhat_max")));
  CHECK(std::isnan(metric(diagnostics(kept), "ess_bulk_min")));
}

TEST_CASE("a chain is stalled for as long as nothing in it changes") {
  KeptDraws kept(2, 2);
  Eigen::MatrixXd x = Eigen::MatrixXd::Ones(2, 2);
  kept.add(x);
  CHECK(kept.stalled_for(0) == 0);
  for (int i = 0; i < 4; ++i) {
    x(1, 1) += i < 2;  // the second chain stops moving after two changes
    kept.add(x);
  }
  CHECK(kept.stalled_for(0) == 5);
  CHECK(kept.stalled_for(1) == 3);
}
