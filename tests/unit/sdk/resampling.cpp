// Ancestors: how many descendants each particle has.

#include <catch2/catch.hpp>
#include <elbow/resampling.hpp>
#include <vector>

using namespace elbow;

namespace {
Eigen::VectorXd uneven() {
  Eigen::VectorXd weights(6);
  weights << 0.05, 0.3, 0, 0.4, 0.11, 0.14;
  return weights;
}
Eigen::VectorXd descendants(const std::string& scheme, RandomStream stream) {
  const Eigen::VectorXd weights = uneven();
  std::vector<Index> ancestors(std::size_t(weights.size()), -1);
  Resampling(scheme).draw(weights, stream, ancestors);
  Eigen::VectorXd count = Eigen::VectorXd::Zero(weights.size());
  for (const Index a : ancestors) count[a] += 1;
  return count;
}
}  // namespace

TEST_CASE("Every particle has as many descendants in the mean as its weight says") {
  const std::string scheme = GENERATE("systematic", "stratified", "residual", "multinomial");
  INFO(scheme);
  constexpr int draws = 20000;
  const RandomStream streams(1, 0, "test");
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(6), square = mean;
  for (int i = 0; i < draws; ++i) {
    const Eigen::VectorXd count = descendants(scheme, streams.substream(std::uint64_t(i)));
    REQUIRE(count.sum() == 6);
    REQUIRE(count[2] == 0);
    mean += count / draws;
    square += count.cwiseAbs2() / draws;
  }
  for (Index i = 0; i < 6; ++i) {
    const double error = std::sqrt((square[i] - mean[i] * mean[i]) / draws);
    CHECK(std::abs(mean[i] - 6 * uneven()[i]) <= 4 * error + 1e-12);
    // Residual and systematic draws leave at most the fraction to chance, multinomial ones all.
    if (scheme == "multinomial")
      CHECK(error * error * draws == Approx(6 * uneven()[i] * (1 - uneven()[i])).epsilon(0.1));
  }
}

TEST_CASE("Systematic resampling gives every particle its share, rounded up or down") {
  const RandomStream streams(2, 0, "test");
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Eigen::VectorXd count = descendants("systematic", streams.substream(i));
    for (Index c = 0; c < 6; ++c) REQUIRE(std::abs(count[c] - 6 * uneven()[c]) < 1);
  }
}
