#include <Eigen/Cholesky>

#include "support/fit.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace gaussian_low_rank_tests {

namespace {

MatrixXd covariance_of(Family& q) {
  VectorXd mean(q.dimension());
  MatrixXd covariance(q.dimension(), q.dimension());
  q.gaussian_form()->moments(mean, covariance);
  return covariance;
}

}  // namespace

TEST_CASE("A low-rank Gaussian starts with the initial scale and correlated coordinates") {
  const auto q =
      family("gaussian_low_rank", 6, {{"initial_scale", 0.25}, {"rank", std::int64_t(2)}});
  const MatrixXd covariance = covariance_of(*q);
  REQUIRE(covariance.diagonal().isApprox(VectorXd::Constant(6, 0.0625), 1e-14));
  REQUIRE((covariance - 0.0625 * MatrixXd::Identity(6, 6)).cwiseAbs().maxCoeff() > 0);
}

TEST_CASE("A low-rank Gaussian's density and entropy are those of its covariance") {
  // From a factor that hardly matters to one a million times the diagonal.
  const double factor = GENERATE(1e-3, 1.0, 1e3);
  constexpr Index d = 8, draws = 5;
  const auto q = family("gaussian_low_rank", d, {{"rank", std::int64_t(3)}});
  VectorXd numbers(q->parameters().size());
  stream(4).fill_normal(numbers);
  numbers.tail(3 * d) *= factor;
  q->parameters().f64() = numbers;
  MatrixXd noise(d + 3, draws), z(d, draws);
  stream(5).fill_normal(noise);
  VectorXd log_q(draws), log_prob(draws);
  q->sample(noise, z, log_q);
  q->log_prob(z, log_prob);

  const Eigen::LLT<MatrixXd> covariance(covariance_of(*q));
  const double half_log_determinant = MatrixXd(covariance.matrixL()).diagonal().array().log().sum();
  const MatrixXd e = covariance.matrixL().solve(z.colwise() - VectorXd(numbers.head(d)));
  const VectorXd expected = -0.5 * (e.colwise().squaredNorm().transpose().array() +
                                    double(d) * log_2pi + 2 * half_log_determinant);
  REQUIRE(log_q.isApprox(expected, 1e-8));
  REQUIRE(log_prob.isApprox(expected, 1e-8));
  REQUIRE(q->closed_entropy()->entropy() ==
          Approx(half_log_determinant + 0.5 * double(d) * (1 + log_2pi)).epsilon(1e-10));
}

TEST_CASE(
    "A low-rank Gaussian whose factor drowns its diagonal has no density instead of a wrong one") {
  // In one dimension N(m, s^2 + |b|^2), whatever the rank.
  const auto q = family("gaussian_low_rank", 1, {{"rank", std::int64_t(3)}});
  const double log_sd = GENERATE(-5.0, -10.0, -13.0, -15.5, -20.0, -40.0, -400.0);
  q->parameters().f64() << 0, log_sd, 0.3, -0.8, 0.5;
  const MatrixXd z = MatrixXd::Constant(1, 1, 2);
  VectorXd log_q(1);
  q->log_prob(z, log_q);
  const double variance = std::exp(2 * log_sd) + 0.98;
  const double expected = -0.5 * (4 / variance + std::log(variance) + log_2pi);
  INFO(log_sd << " " << log_q[0]);
  if (log_sd >= -10) REQUIRE(log_q[0] == Approx(expected).epsilon(1e-6));
  REQUIRE((std::isnan(log_q[0]) || std::abs(log_q[0] - expected) < 0.1));
  REQUIRE(std::isnan(log_q[0]) == std::isnan(q->closed_entropy()->entropy()));
}

TEST_CASE("A low-rank fit reaches a Gaussian whose covariance has that form") {
  constexpr Index d = 6;
  MatrixXd factor(d, 2);
  stream(6).fill_normal(factor);
  MatrixXd covariance = factor * factor.transpose();
  covariance.diagonal().array() += 0.3;
  GaussianTarget target(VectorXd::LinSpaced(d, -1, 1), covariance);
  const auto q = family("gaussian_low_rank", d, {{"rank", std::int64_t(2)}});
  fit(target, *q, "reparameterized", {}, "adam", {}, 5000);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 0.02);
}

}  // namespace gaussian_low_rank_tests
