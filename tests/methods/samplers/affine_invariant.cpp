#include "support/chains.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double mean_acceptance(const Chains& chains, std::size_t first) {
  double sum = 0;
  for (std::size_t i = first; i < chains.statistics.size(); ++i)
    sum += chains.statistics[i].row(chains.field("acceptance_rate")).mean();
  return sum / double(chains.statistics.size() - first);
}

/// A standard normal on |z| < 0.001 alone.
class SmallIsland final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = z.col(s).norm() < 1e-3 ? -0.5 * z.col(s).squaredNorm() : -INFINITY;
  }
};

}  // namespace

TEST_CASE("The ensemble on a scaled and shifted target is the scaled and shifted ensemble") {
  const std::string move = GENERATE("stretch", "differential_evolution", "mixed");
  GaussianTarget target = correlated(0.7);
  GaussianTarget scaled(VectorXd::Constant(2, 16), 64 * target.covariance());
  const Chains chains = sample(target, "affine_invariant", {{"move", move}, {"spread", 1.0}},
                               MatrixXd::Ones(2, 2), 0, 40);
  const Chains moved = sample(scaled, "affine_invariant", {{"move", move}, {"spread", 8.0}},
                              MatrixXd::Constant(2, 2, 24), 0, 40);
  for (std::size_t i = 0; i < 40; ++i)
    REQUIRE(((moved.z[i].array() - 16) / 8 - chains.z[i].array()).abs().maxCoeff() < 1e-9);
}

TEST_CASE("Acceptance does not depend on the condition number") {
  const std::string move = GENERATE("stretch", "differential_evolution");
  const VectorXd variances = (VectorXd(3) << 1e-3, 1, 1e3).finished();
  GaussianTarget round(VectorXd::Zero(3), MatrixXd::Identity(3, 3));
  GaussianTarget narrow(VectorXd::Zero(3), variances.asDiagonal());
  const auto acceptance = [&](GaussianTarget& target) {
    return mean_acceptance(
        sample(target, "affine_invariant", {{"move", move}}, MatrixXd::Zero(3, 4), 1000, 2000),
        1000);
  };
  REQUIRE(acceptance(round) == Approx(acceptance(narrow)).margin(0.01));
}

TEST_CASE("Every move of the ensemble has the target's moments") {
  const std::string move = GENERATE("stretch", "differential_evolution", "mixed");
  GaussianTarget target = correlated(0.9);
  const Chains chains =
      sample(target, "affine_invariant", {{"move", move}}, MatrixXd::Zero(2, 4), 500, 20000);
  const auto mean = average(chains, 500, [](const auto& z) { return z[0]; });
  const auto square = average(chains, 500, [](const auto& z) { return z[1] * z[1]; });
  const auto product = average(chains, 500, [](const auto& z) { return z[0] * z[1]; });
  REQUIRE(std::abs(mean.mean) < 4 * mean.mcse);
  REQUIRE(std::abs(square.mean - 1) < 4 * square.mcse);
  REQUIRE(std::abs(product.mean - 0.9) < 4 * product.mcse);
  REQUIRE(square.mcse < 0.1);
}

TEST_CASE("Walkers are put where the density is finite, however small that region") {
  SmallIsland target;
  const Chains chains = sample(target, "affine_invariant", {}, MatrixXd::Zero(2, 2), 100, 100);
  REQUIRE(chains.z.back().colwise().norm().maxCoeff() < 1e-3);
  REQUIRE(chains.z.back() != chains.z.front());
}

TEST_CASE("An ensemble that cannot span the space is refused") {
  GaussianTarget target(VectorXd::Zero(6), MatrixXd::Identity(6, 6));
  REQUIRE_THROWS_WITH(
      sampler("affine_invariant", target, 2, 10, 10, {{"walkers", std::int64_t(6)}}),
      Catch::Contains("above the dimension 6") && Catch::Contains("got 6"));
}
