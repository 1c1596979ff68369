#include "support/fit.hpp"
#include "support/gaussian_target.hpp"
#include "support/gradient_estimates.hpp"
#include "support/half_normal.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace renyi_tests {

namespace {

Variant variant(double alpha, const std::string& gradient = "standard") {
  return {"renyi", {{"alpha", alpha}, {"gradient", gradient}}};
}

GaussianTarget target_1d() { return {VectorXd::Ones(1), MatrixXd::Constant(1, 1, 0.5), -1.3}; }

/// log evidence - D_alpha(N(m, v) || N(mu, s)), van Erven & Harremoes 2014, eq. 10.
double bound(double m, double v, double mu, double s, double alpha, double log_evidence) {
  const double mixed = (1 - alpha) * v + alpha * s;
  return log_evidence - alpha * (m - mu) * (m - mu) / (2 * mixed) -
         std::log(mixed / (std::pow(v, 1 - alpha) * std::pow(s, alpha))) / (2 * (1 - alpha));
}

void require_agreement(const Estimates& a, const Estimates& b) {
  INFO(a.mean.transpose() << "\n" << b.mean.transpose());
  for (Index i = 0; i < a.mean.size(); ++i)
    REQUIRE(std::abs(a.mean[i] - b.mean[i]) <
            5 * std::hypot(a.standard_error[i], b.standard_error[i]) + 1e-8);
}

}  // namespace

TEST_CASE("Renyi's bound of order one is the ELBO and of order zero the importance-weighted") {
  GaussianTarget target = correlated(0.5);
  const auto q = family("gaussian_full_rank", 2, {{"initial_scale", 0.7}});
  const auto [mine, elbo] = GENERATE(table<std::string, std::string>(
      {{"standard", "monte_carlo"}, {"doubly_reparameterized", "sticking_the_landing"}}));
  REQUIRE(
      estimates(variant(1, mine), target, *q, 6, 10)
          .mean.isApprox(
              estimates({"reparameterized", {{"entropy", elbo}}}, target, *q, 6, 10).mean, 1e-12));
  REQUIRE(estimates(variant(0, mine), target, *q, 6, 10)
              .mean.isApprox(
                  estimates({"importance_weighted", {{"gradient", mine}}}, target, *q, 6, 10).mean,
                  1e-12));
}

TEST_CASE("Renyi's bound of many draws is the evidence less the closed divergence") {
  const double alpha = GENERATE(0.2, 0.5, 2.0);
  GaussianTarget target = target_1d();
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 0.8, 0.5 * std::log(0.4);
  const Estimates found = estimates(variant(alpha), target, *q, 4000, 400);
  const double expected = bound(0.8, 0.4, 1, 0.5, alpha, -1.3);
  INFO(found.mean[0] << " " << expected);
  // The bound of K draws is off by the order of 1 / K.
  REQUIRE(std::abs(found.mean[0] - expected) < 5 * found.standard_error[0] + 2e-4);
}

TEST_CASE("Both gradients of Renyi's bound agree") {
  const double alpha = GENERATE(0.0, 0.3, 1.5);
  GaussianTarget target = target_1d();
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 0.3, -0.4;
  require_agreement(estimates(variant(alpha), target, *q, 4, 100000),
                    estimates(variant(alpha, "doubly_reparameterized"), target, *q, 4, 100000));
}

TEST_CASE("The doubly reparameterised gradient has no variance where q is the posterior") {
  const double alpha = GENERATE(0.0, 0.5, 2.0);
  GaussianTarget target = target_1d();
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 1, 0.5 * std::log(0.5);
  const Estimates found = estimates(variant(alpha, "doubly_reparameterized"), target, *q, 5, 100);
  REQUIRE(found.mean[0] == Approx(-1.3).epsilon(1e-12));
  REQUIRE(found.mean.tail(2).cwiseAbs().maxCoeff() < 1e-12);
  REQUIRE(found.variance.tail(2).maxCoeff() < 1e-24);
}

TEST_CASE("Draws without density weigh nothing below order one and everything from there on") {
  HalfNormal target;
  const auto q = family("gaussian_mean_field", 1);
  REQUIRE(estimates(variant(0.5), target, *q, 40, 100).mean.allFinite());
  REQUIRE_FALSE(std::isfinite(estimates(variant(1), target, *q, 40, 1).mean[0]));
  REQUIRE_FALSE(std::isfinite(estimates(variant(2), target, *q, 40, 1).mean[0]));
}

TEST_CASE("A smaller order gives wider mean-field fits of a correlated Gaussian") {
  // alpha = 1 has variances 1 - rho^2 = 0.51, the marginals have 1.
  const auto variance = [](double alpha) {
    GaussianTarget target = correlated(0.7);
    const auto q = family("gaussian_mean_field", 2);
    fit(target, *q, "renyi", {{"alpha", alpha}, {"draws", std::int64_t(50)}}, "adam", {}, 4000);
    return std::exp(2 * q->parameters().f64()[2]);
  };
  const double elbo = variance(1), half = variance(0.5), none = variance(0);
  REQUIRE(elbo == Approx(0.51).epsilon(0.03));
  REQUIRE(half > 1.05 * elbo);
  REQUIRE(none > 1.05 * half);
}

}  // namespace renyi_tests
