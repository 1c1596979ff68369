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

TEST_CASE("Every walker of every ensemble is a draw of the target, the first one the chain's") {
  const std::string move = GENERATE("stretch", "differential_evolution", "mixed");
  GaussianTarget target = correlated(0.9);
  constexpr Index chains = 2, walkers = 10, warmup = 500, draws = 20000, batches = 50;
  const auto moves = sampler("affine_invariant", target, chains, warmup, draws,
                             {{"move", move}, {"walkers", std::int64_t(walkers)}});
  REQUIRE(moves->walkers() == walkers);
  MatrixXd z = MatrixXd::Zero(2, chains), statistics(Index(moves->statistics().size()), chains);
  VectorXd log_density(chains), weights(chains), own(walkers), expected(walkers);
  target.log_density(z, log_density);
  std::vector<RandomStream> streams(chains, stream(1));
  MatrixXd ensemble(2, walkers);
  // Batch means of z_0, z_1^2 and z_0 z_1 over all walkers of an ensemble.
  MatrixXd sums = MatrixXd::Zero(3, chains * batches);
  for (Index i = 0; i < warmup + draws; ++i) {
    for (Index c = 0; c < chains; ++c)
      streams[std::size_t(c)] = stream(1).substream(std::uint64_t(c)).substream(std::uint64_t(i));
    Transition t{i, i < warmup, streams, z, log_density, statistics, weights, 0};
    moves->transition(t);
    if (i < warmup) continue;
    for (Index c = 0; c < chains; ++c) {
      moves->ensemble(c, ensemble, own);
      REQUIRE(ensemble.col(0) == z.col(c));
      REQUIRE(own[0] == log_density[c]);
      if (i == warmup) {
        target.log_density(ensemble, expected);
        REQUIRE((own - expected).cwiseAbs().maxCoeff() < 1e-12);
      }
      auto sum = sums.col(c * batches + (i - warmup) * batches / draws);
      const auto x = ensemble.row(0).array(), y = ensemble.row(1).array();
      sum += Eigen::Vector3d(x.mean(), y.square().mean(), (x * y).mean());
    }
  }
  sums /= double(draws / batches);
  const Eigen::Vector3d truth(0, 1, 0.9);
  for (Index k = 0; k < 3; ++k) {
    const double mean = sums.row(k).mean(), n = double(sums.cols());
    const double error = std::sqrt((sums.row(k).array() - mean).square().sum() / (n - 1) / n);
    REQUIRE(std::abs(mean - truth[k]) < 4 * error);
    REQUIRE(error < 0.03);
  }
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
