#include "support/chains.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// 0.3 N(-10, 0.5^2) + 0.7 N(10, 0.5^2) in one dimension: 40 sd between the bumps.
class FarBumps final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double left = std::log(0.3) + log_normal(z(0, s), -10, 0.5);
      const double right = std::log(0.7) + log_normal(z(0, s), 10, 0.5);
      log_p[s] = std::fmax(left, right) + std::log1p(std::exp(-std::fabs(left - right)));
    }
  }
};

}  // namespace

TEST_CASE("Parallel tempering weighs far bumps as they are, wherever it starts") {
  FarBumps target;
  const Chains chains = sample(target, "parallel_tempering", {{"lowest", 0.002}},
                               MatrixXd::Constant(1, 4, -10), 1000, 20000);
  const auto right = average(chains, 1000, [](const auto& z) { return double(z[0] > 0); });
  const auto spread =
      average(chains, 1000, [](const auto& z) { return std::pow(std::fabs(z[0]) - 10, 2); });
  REQUIRE(std::abs(right.mean - 0.7) < 4 * right.mcse);
  REQUIRE(right.mcse < 0.05);
  REQUIRE(std::abs(spread.mean - 0.25) < 4 * spread.mcse);
  double arrivals = 0;
  for (std::size_t i = 1000; i < chains.statistics.size(); ++i)
    arrivals += chains.statistics[i].row(chains.field("arrived")).sum();
  REQUIRE(arrivals > 200);
}

TEST_CASE("Random-walk Metropolis alone never leaves the bump where it starts") {
  // So that the test above can fail.
  FarBumps target;
  const Chains chains =
      sample(target, "random_walk_metropolis", {}, MatrixXd::Constant(1, 4, -10), 1000, 5000);
  for (const MatrixXd& z : chains.z) REQUIRE(z.maxCoeff() < 0);
}

TEST_CASE("Warm-up spaces the temperatures so that all swaps are equally often accepted") {
  // On a Gaussian in D dimensions swaps depend on the ratio of neighbouring temperatures alone, so
  // that the geometric ladder it starts with is right already, and stays.
  GaussianTarget target(VectorXd::Zero(10), MatrixXd::Identity(10, 10));
  const auto rate = [&](std::int64_t rungs) {
    const Chains chains = sample(target, "parallel_tempering", {{"rungs", rungs}, {"lowest", 0.1}},
                                 MatrixXd::Zero(10, 4), 2000, 4000);
    double even = 0, odd = 0;
    for (std::size_t i = 2000; i < 6000; ++i)
      (i % 2 ? odd : even) += chains.statistics[i].row(chains.field("swap_rate")).mean() / 2000;
    REQUIRE(even == Approx(odd).margin(0.03));
    return even;
  };
  const double four = rate(4), eight = rate(8);
  REQUIRE(four > 0.2);
  REQUIRE(eight > four + 0.1);
}

TEST_CASE("Swaps without adaptation balance the flow between any two regions") {
  // Chains that start in the target, all rungs at the same place, are still in it once the other
  // rungs have reached theirs.
  constexpr Index chains = 4000;
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1));
  const Chains all = sample(target, "parallel_tempering",
                            {{"adapt", false}, {"rungs", std::int64_t(3)}, {"lowest", 0.3}},
                            MatrixXd::Zero(1, chains), 0, 60);
  const MatrixXd& z = all.z.back();
  const double n = double(chains);
  REQUIRE(std::abs(z.mean()) < 4 / std::sqrt(n));
  REQUIRE(std::abs(z.squaredNorm() / n - 1) < 4 * std::sqrt(2 / n));
  REQUIRE(std::abs(z.array().pow(4).mean() - 3) < 4 * std::sqrt(96 / n));
}
