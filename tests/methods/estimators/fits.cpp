#include <Eigen/LU>
#include <Eigen/QR>

#include "support/fit.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Every fit here uses the default options of the estimator and the optimizer.

TEST_CASE("The mean field's best fit misses a correlated Gaussian by the known gap") {
  // Variances 1 / precision, and a gap of -1/2 ln(1 - rho^2).
  const auto [rho, gap] = GENERATE(table<double, double>({{0.5, 0.143841}, {0.9, 0.830366}}));
  GaussianTarget target = correlated(rho);
  const auto q = family("gaussian_mean_field", 2);
  fit(target, *q, "reparameterized", {}, "adam", {}, 4000);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) == Approx(gap).margin(2e-4));
  for (Index i = 0; i < 2; ++i)
    REQUIRE(std::exp(2 * q->parameters().f64()[2 + i]) == Approx(1 - rho * rho).epsilon(0.02));
}

TEST_CASE("A full-rank fit reaches a correlated Gaussian") {
  GaussianTarget target = correlated(0.9);
  const auto q = family("gaussian_full_rank", 2);
  fit(target, *q, "reparameterized", {}, "adam", {}, 4000);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 1e-3);
}

TEST_CASE("A default fit reaches a posterior eight prior sds away") {
  const std::string estimator_name = GENERATE("reparameterized", "score_function");
  const std::string optimizer_name = GENERATE("adam", "sgd");
  GaussianTarget target = conjugate_normal();
  const auto q = family("gaussian_mean_field", 1);
  const Progress end = fit(target, *q, estimator_name, {}, optimizer_name, {}, 10000);
  INFO(estimator_name << " " << optimizer_name << " " << q->parameters().f64().transpose());
  REQUIRE(end == Progress::going);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 0.01);
}

TEST_CASE("A default fit without a budget of iterations reaches the posterior too") {
  GaussianTarget target = conjugate_normal();
  const auto q = family("gaussian_mean_field", 1);
  const auto method = estimator("reparameterized", target, &*q);
  const auto moves = optimizer("adam", method->trained());
  VectorXd trace(Index(method->trace_fields().size()));
  for (Index i = 0; i < 10000; ++i) {
    Fit step{target, &*q, &*moves, i, stream(1).substream(std::uint64_t(i)), {}};
    method->step(step, trace);
  }
  VectorXd f64(2);
  Eigen::VectorXf f32(0);
  moves->estimate(0, f64, f32);
  q->parameters().f64() = f64;
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 0.01);
}

TEST_CASE("A default fit reaches an ill-conditioned Gaussian") {
  // Variances from 0.01 to 1 along rotated axes: the condition number is 100.
  constexpr Index d = 10;
  MatrixXd random(d, d);
  stream(3).fill_normal(random);
  const MatrixXd axes = random.householderQr().householderQ();
  const VectorXd variances = VectorXd::LinSpaced(d, std::log(0.01), 0).array().exp();
  GaussianTarget target(VectorXd::Ones(d), axes * variances.asDiagonal() * axes.transpose());
  const MatrixXd precision = target.covariance().inverse();
  const double gap =
      0.5 * (precision.diagonal().array().log().sum() - std::log(precision.determinant()));

  const auto mean_field = family("gaussian_mean_field", d);
  fit(target, *mean_field, "reparameterized", {}, "adam", {}, 10000);
  REQUIRE(kl_to(*mean_field, target.mean(), target.covariance()) == Approx(gap).margin(0.01));

  const auto full_rank = family("gaussian_full_rank", d);
  fit(target, *full_rank, "reparameterized", {}, "adam", {}, 10000);
  REQUIRE(kl_to(*full_rank, target.mean(), target.covariance()) < 0.05);
}

TEST_CASE("A default mean-field fit of the funnel reaches its known optimum") {
  constexpr Index d = 10;
  const auto funnel = model("funnel");
  const auto q = family("gaussian_mean_field", d);
  REQUIRE(fit(*funnel, *q, "reparameterized", {}, "adam", {}, 10000) == Progress::going);
  // v ~ N(0, 3^2), x_i ~ N(0, e^v): the ELBO of independent Gaussians is closed.
  const VectorXd mean = q->parameters().f64().head(d);
  const VectorXd variance = (2 * q->parameters().f64().tail(d).array()).exp();
  const double precision = std::exp(-mean[0] + variance[0] / 2);
  double elbo = q->closed_entropy()->entropy() - 0.5 * double(d) * log_2pi - std::log(3) -
                (mean[0] * mean[0] + variance[0]) / 18 - 0.5 * double(d - 1) * mean[0];
  for (Index i = 1; i < d; ++i) elbo -= 0.5 * (mean[i] * mean[i] + variance[i]) * precision;
  REQUIRE(elbo <= -1.862847 + 1e-6);
  REQUIRE(elbo == Approx(-1.862847).margin(0.01));
  REQUIRE(variance[0] == Approx(0.216867).epsilon(0.05));
}

TEST_CASE("A default fit reaches posteriors a hundred sds away, and a thousandth as wide as q") {
  // The slopes at the start are a million times those at the end.
  const auto [mean, sd] = GENERATE(table<double, double>({{100, 1}, {1, 1e-3}}));
  GaussianTarget target(VectorXd::Constant(2, mean), sd * sd * correlated(0.5).covariance());
  const std::string name = GENERATE("gaussian_mean_field", "gaussian_full_rank");
  const auto q = family(name, 2);
  REQUIRE(fit(target, *q, "reparameterized", {}, "adam", {}, 10000) == Progress::going);
  const double gap = name == "gaussian_full_rank" ? 0 : 0.143841;
  INFO(name << " " << mean);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) == Approx(gap).margin(0.01));
}
