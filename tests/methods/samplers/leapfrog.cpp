#include "support/chains.hpp"
#include "support/gaussian_target.hpp"
#include "support/quartic_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// With the unit metric and no warm-up, a transition's momentum is the first D normals of its
// stream, so that its path can be followed from outside.

namespace {

/// The rejection probability 1 - min(1, exp(-dH)) of paths from many places of the target.
double mean_rejection(double step) {
  constexpr Index chains = 2000;
  QuarticTarget target;
  MatrixXd starts(1, chains);
  stream(21, "starts").fill_normal(starts);
  const Chains chain = sample(
      target, "hmc", {{"step_size", step}, {"path_length", 1.0}, {"jitter", 0.0}}, starts, 0, 1);
  return 1 - chain.statistics[0].row(chain.field("acceptance_rate")).mean();
}

}  // namespace

TEST_CASE("The leapfrog path is the one of its formula") {
  QuarticTarget target;
  const double start = 0.7, step = 0.1;
  const Chains chain =
      sample(target, "hmc", {{"step_size", step}, {"path_length", 1.0}, {"jitter", 0.0}},
             MatrixXd::Constant(1, 1, start), 0, 1);
  double p = stream(1).substream(0).substream(0).normal();
  double z = start;
  const double before = 0.5 * p * p + 0.25 * std::pow(z, 4);
  for (int l = 0; l < 10; ++l) {
    p -= 0.5 * step * z * z * z;
    z += step * p;
    p -= 0.5 * step * z * z * z;
  }
  const double after = 0.5 * p * p + 0.25 * std::pow(z, 4);
  REQUIRE(chain.statistics[0](chain.field("n_steps"), 0) == 10);
  REQUIRE(chain.statistics[0](chain.field("acceptance_rate"), 0) ==
          Approx(std::fmin(1, std::exp(before - after))).epsilon(1e-12));
  REQUIRE(chain.z[0](0, 0) == Approx(z).epsilon(1e-12));
  REQUIRE(chain.statistics[0](chain.field("energy"), 0) == Approx(after).epsilon(1e-12));
}

TEST_CASE("The energy error of the leapfrog falls with the square of the step") {
  const double coarse = mean_rejection(0.1), fine = mean_rejection(0.05);
  REQUIRE(coarse / fine == Approx(4).epsilon(0.15));
}

TEST_CASE("Paths cut by max_steps or of few steps cost no more gradients than their steps") {
  QuarticTarget target;
  const Index most = GENERATE(3, 1000);
  const Chains chain =
      sample(target, "hmc", {{"step_size", 0.1}, {"max_steps", std::int64_t(most)}},
             MatrixXd::Constant(1, 5, 0.3), 0, 40);
  double steps = 0;
  for (const MatrixXd& statistics : chain.statistics) {
    REQUIRE(statistics.row(chain.field("n_steps")).maxCoeff() <= double(most));
    steps += statistics.row(chain.field("n_steps")).sum();
  }
  REQUIRE(double(target.columns) == steps + 5);  // and once at the start of every chain
}

TEST_CASE("An unstable step is reported as diverging and rejected") {
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Constant(1, 1, 1e-6));
  const Chains chain =
      sample(target, "hmc", {{"step_size", 0.5}, {"path_length", 20.0}, {"jitter", 0.0}},
             MatrixXd::Constant(1, 3, 1e-3), 0, 10);
  for (std::size_t i = 0; i < 10; ++i) {
    REQUIRE(chain.statistics[i].row(chain.field("diverging")).minCoeff() == 1);
    REQUIRE(chain.z[i] == MatrixXd::Constant(1, 3, 1e-3));
  }
}

TEST_CASE("HMC says where its path first left the bound on the energy error") {
  // Beyond its limit of stability the leapfrog grows by a factor a step: it passes 1000 after some.
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1));
  const double step = 2.25, start = 0.7;
  const auto moves = sampler("hmc", target, 1, 0, 1,
                             {{"step_size", step}, {"path_length", 40 * step}, {"jitter", 0.0}});
  std::vector<RandomStream> streams{stream(1)};
  MatrixXd z = MatrixXd::Constant(1, 1, start), statistics(6, 1);
  VectorXd log_density(1), weights(1);
  target.log_density(z, log_density);
  Transition t{0, false, streams, z, log_density, statistics, weights, 0};
  moves->transition(t);
  double p = stream(1).normal(), q = start;
  const double before = 0.5 * (p * p + q * q);
  int steps = 0;
  for (; 0.5 * (p * p + q * q) - before <= 1000; ++steps) {
    p -= 0.5 * step * q;
    q += step * p;
    p -= 0.5 * step * q;
  }
  REQUIRE(steps > 2);
  REQUIRE(steps < 40);
  REQUIRE(moves->divergence(0).size() == 1);
  REQUIRE(moves->divergence(0)[0] == Approx(q).epsilon(1e-9));
}

TEST_CASE("A path that does not diverge has no place of divergence") {
  const std::string name = GENERATE("hmc", "nuts");
  GaussianTarget target(VectorXd::Zero(2), MatrixXd::Identity(2, 2));
  const auto moves = sampler(name, target, 3, 0, 1, {{"step_size", 0.5}});
  std::vector<RandomStream> streams(3, stream(1));
  MatrixXd z = MatrixXd::Ones(2, 3), statistics(Index(moves->statistics().size()), 3);
  VectorXd log_density(3), weights(3);
  target.log_density(z, log_density);
  Transition t{0, false, streams, z, log_density, statistics, weights, 0};
  moves->transition(t);
  for (Index c = 0; c < 3; ++c) REQUIRE(moves->divergence(c).empty());
}

TEST_CASE("Jitter makes the chain ergodic where a fixed path returns to its start") {
  // A path of half a period of N(0, 1) negates the state: the squares never change. With jitter
  // they do.
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1));
  const auto spread = [&](double jitter) {
    const Chains chain = sample(target, "hmc",
                                {{"step_size", 0.001},
                                 {"path_length", pi},
                                 {"max_steps", std::int64_t(100000)},
                                 {"jitter", jitter}},
                                MatrixXd::Constant(1, 1, 1.5), 0, 50);
    double widest = 0;
    for (const MatrixXd& z : chain.z) widest = std::fmax(widest, std::abs(std::abs(z(0, 0)) - 1.5));
    return widest;
  };
  REQUIRE(spread(0) < 0.01);
  REQUIRE(spread(0.5) > 0.5);
}

TEST_CASE("The leapfrog is reversible: its map conserves volume and returns") {
  // Reversibility shows in the acceptance: E[exp(-dH)] = 1 over starts from the target and any
  // momentum, if and only if the map conserves volume and energy differences are antisymmetric.
  constexpr Index chains = 20000;
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1));
  MatrixXd starts(1, chains);
  stream(22, "starts").fill_normal(starts);
  const Chains chain = sample(
      target, "hmc", {{"step_size", 1.2}, {"path_length", 2.4}, {"jitter", 0.0}}, starts, 0, 1);
  const auto acceptance = chain.statistics[0].row(chain.field("acceptance_rate")).array();
  // min(1, exp(-dH)) has the mean 2 P(dH < 0) exactly when the map is reversible (Neal 2011, sec.
  // 5).
  const double downhill = (acceptance == 1).cast<double>().mean();
  REQUIRE(acceptance.mean() == Approx(2 * downhill).margin(4 * 1.5 / std::sqrt(double(chains))));
  REQUIRE(downhill < 0.49);
}
