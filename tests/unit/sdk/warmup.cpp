#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/random.hpp>
#include <elbow/warmup.hpp>

using namespace elbow;

namespace {

/// The transitions at which windows close.
std::vector<Index> closings(Index warmup) {
  const WarmupWindows windows(warmup);
  std::vector<Index> out;
  for (Index i = 0; i < warmup; ++i)
    if (windows.closes(i)) out.push_back(i);
  return out;
}

}  // namespace

TEST_CASE("Windows of a warm-up of 1000 are those of Stan's manual") {
  REQUIRE(closings(1000) == std::vector<Index>{99, 149, 249, 449, 949});
  const WarmupWindows windows(1000);
  REQUIRE_FALSE(windows.gathers(74));
  REQUIRE(windows.gathers(75));
  REQUIRE(windows.gathers(949));
  REQUIRE_FALSE(windows.gathers(950));
}

TEST_CASE("Short warm-ups have one window or none") {
  REQUIRE(closings(0).empty());
  REQUIRE(closings(19).empty());
  REQUIRE(closings(100) == std::vector<Index>{89});
  REQUIRE(closings(150) == std::vector<Index>{99});
}

TEST_CASE("The last window of a warm-up ends 50 before its end, whatever its length") {
  for (Index warmup = 150; warmup < 5000; warmup += 7)
    REQUIRE(closings(warmup).back() == warmup - 51);
}

TEST_CASE("Dual averaging finds the step size that has the target acceptance") {
  // Acceptance exp(-step): the target 0.8 belongs to the step -log 0.8. The start is forgotten
  // slowly, with a power of the number of updates.
  DualAveraging adaptation(0.8);
  adaptation.restart(GENERATE(1e-3, 1.0, 50.0));
  for (int i = 0; i < 100000; ++i) adaptation.update(std::exp(-adaptation.step_size()));
  REQUIRE(adaptation.averaged_step_size() == Approx(-std::log(0.8)).epsilon(0.01));
}

TEST_CASE("Running variances are those of the two-pass formula") {
  Eigen::MatrixXd draws(6, 50);
  RandomStream(1, 0, "draws").fill_normal(draws);
  draws.array() = draws.array() * 3 + 1000;
  RunningVariance running(2, 3);
  running.add(Eigen::MatrixXd::Constant(2, 3, 7));
  running.clear();
  for (Index i = 0; i < 50; ++i) running.add(draws.col(i).reshaped(2, 3));
  REQUIRE(running.count() == 50);
  for (Index row = 0; row < 6; ++row) {
    const double mean = draws.row(row).mean();
    const double expected = (draws.row(row).array() - mean).square().sum() / 49;
    REQUIRE(running.variance(row % 2, row / 2) == Approx(expected).epsilon(1e-9));
  }
}
