#include "support/chains.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Without warm-up nothing adapts and the metric is the identity: a transition's noise is the first
// numbers of its stream, so that its proposal can be followed from outside.

TEST_CASE("A Langevin proposal and its acceptance are the ones of the formula") {
  const double sd = 0.5, h = 0.6, start = 0.9;
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Constant(1, 1, sd * sd));
  const Chains chain =
      sample(target, "mala", {{"step_size", h}}, MatrixXd::Constant(1, 1, start), 0, 1);
  RandomStream own = stream(1).substream(0).substream(0);
  const double noise = own.normal();
  const auto gradient = [&](double z) { return -z / (sd * sd); };
  const auto drift = [&](double z) { return z + 0.5 * h * h * gradient(z); };
  const double proposal = drift(start) + h * noise;
  const double log_ratio = log_normal(proposal, 0, sd) + log_normal(start, drift(proposal), h) -
                           log_normal(start, 0, sd) - log_normal(proposal, drift(start), h);
  const double probability = std::fmin(1, std::exp(log_ratio));
  REQUIRE(chain.statistics[0](chain.field("acceptance_rate"), 0) ==
          Approx(probability).epsilon(1e-12));
  REQUIRE(chain.z[0](0, 0) == Approx(own.uniform() < probability ? proposal : start));
}

TEST_CASE("Barker's jumps go up the gradient with the probability of the logistic function") {
  // From z = 1 in N(0, 1) a jump of size w goes down to 1 - w with probability 1 / (1 + exp(-w)).
  constexpr Index chains = 40000;
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1));
  const Chains chain =
      sample(target, "barker", {{"step_size", 1.0}}, MatrixXd::Ones(1, chains), 0, 1);
  double accepted_down = 0;
  for (Index c = 0; c < chains; ++c) accepted_down += chain.z[0](0, c) < 1;
  // Accepted with min(1, p(z') (1 + exp(w)) / (p(z) (1 + exp(-w g(z'))))), integrated over w > 0.
  double expected = 0;
  const double step = 1e-4;
  for (double w = step / 2; w < 10; w += step) {
    const double there = 1 - w, density = 2 * std::exp(log_normal(w, 0, 1));
    const double ratio = std::exp(log_normal(there, 0, 1) - log_normal(1, 0, 1)) *
                         (1 + std::exp(-w)) / (1 + std::exp(w * there));
    expected += step * density * sigmoid(w) * std::fmin(1, ratio);
  }
  const double se = std::sqrt(expected * (1 - expected) / double(chains));
  REQUIRE(std::abs(accepted_down / double(chains) - expected) < 4 * se);
}

TEST_CASE("Gradient-based proposals keep moving where warm-up starts far in a tail") {
  // At 30 sd a Langevin step of size 1.65 overshoots; warm-up must come home all the same.
  const std::string name = GENERATE("mala", "barker");
  GaussianTarget target(VectorXd::Zero(5), 0.01 * MatrixXd::Identity(5, 5));
  const Chains chains = sample(target, name, {}, MatrixXd::Constant(5, 4, 3), 1000, 1000);
  for (Index d = 0; d < 5; ++d) {
    const auto mean = average(chains, 1000, [&](const auto& z) { return z[d]; });
    const auto square = average(chains, 1000, [&](const auto& z) { return z[d] * z[d]; });
    REQUIRE(std::abs(mean.mean) < 4 * mean.mcse);
    REQUIRE(std::abs(square.mean - 0.01) < 4 * square.mcse);
    REQUIRE(mean.mcse < 0.02);
  }
}
