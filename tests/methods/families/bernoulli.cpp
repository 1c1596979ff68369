#include "support/fit.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace bernoulli_tests {

namespace {

constexpr Index d = 3;

/// All of {0, 1}^3, one point per column.
MatrixXd all_points() {
  MatrixXd z(d, 8);
  for (Index s = 0; s < 8; ++s)
    for (Index i = 0; i < d; ++i) z(i, s) = double((s >> i) & 1);
  return z;
}

VectorXd log_prob(Family& q) {
  VectorXd log_q(8);
  q.log_prob(all_points(), log_q);
  return log_q;
}

Built<Family> with_logits(double a, double b, double c) {
  auto q = family("bernoulli_mean_field", d);
  q->parameters().f64() << a, b, c;
  return q;
}

/// log p = a . z, of which the posterior is a product of bits with logits a.
class Bits final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return d; }
  std::vector<Variable> variables() const override { return {{"z", {d}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_p = z.transpose() * Eigen::Vector3d(1, -2, 0.5);
  }
};

}  // namespace

TEST_CASE("Probabilities of bits add up to one, and their entropy is its sum") {
  const auto q = with_logits(0.3, -1.2, 4);
  const VectorXd log_q = log_prob(*q);
  REQUIRE(log_q.array().exp().sum() == Approx(1).epsilon(1e-14));
  REQUIRE(q->closed_entropy()->entropy() ==
          Approx(-log_q.array().exp().matrix().dot(log_q)).epsilon(1e-13));
}

TEST_CASE("The KL of bits is the sum over all points") {
  const auto q = with_logits(0.3, -1.2, 4), other = with_logits(1, 0, -2);
  const VectorXd log_q = log_prob(*q);
  REQUIRE(q->closed_kl()->kl(other->parameters()) ==
          Approx(log_q.array().exp().matrix().dot(log_q - log_prob(*other))).epsilon(1e-13));
  REQUIRE(q->closed_kl()->kl(q->parameters()) == Approx(0).margin(1e-15));
}

TEST_CASE("Bits start with the initial probability") {
  const auto q = family("bernoulli_mean_field", 2, {{"initial_probability", 0.2}});
  VectorXd log_q(1);
  q->log_prob(MatrixXd::Ones(2, 1), log_q);
  REQUIRE(log_q[0] == Approx(2 * std::log(0.2)).epsilon(1e-14));
}

TEST_CASE("A bit is one with its probability") {
  const auto q = with_logits(0, std::log(3), -50);
  constexpr Index n = 1000;
  MatrixXd noise = VectorXd::LinSpaced(n, 0.5 / n, 1 - 0.5 / n).transpose().replicate(3, 1),
           z(3, n);
  q->sample(noise, z, unwanted_vector());
  REQUIRE(z.row(0).mean() == Approx(0.5));
  REQUIRE(z.row(1).mean() == Approx(0.75));
  REQUIRE(z.row(2).sum() == 0);
}

TEST_CASE("A score-function fit of bits finds the posterior's probabilities") {
  Bits target;
  const auto q = family("bernoulli_mean_field", d);
  fit(target, *q, "score_function", {{"draws", std::int64_t(20)}}, "adam", {}, 4000);
  for (const auto& [i, logit] : {std::pair(0, 1.0), {1, -2.0}, {2, 0.5}})
    REQUIRE(sigmoid(q->parameters().f64()[i]) == Approx(sigmoid(logit)).margin(0.02));
}

}  // namespace bernoulli_tests
