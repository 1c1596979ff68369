#include <elbow/math.hpp>

#include "support/minibatch_checks.hpp"

using namespace elbow;

TEST_CASE("the autoregression meets what every density must") {
  const auto model = test::model("ar_k");
  Density& density = *model->density();
  REQUIRE(density.dimension() == 7);
  const Eigen::MatrixXd z = test::normal_points(density, 6, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("the autoregression is its priors times its likelihood given the first numbers") {
  const Eigen::VectorXd y = (Eigen::VectorXd(6) << 0.3, -0.2, 0.9, 1.4, 0.1, -0.7).finished();
  const auto model = test::model("ar_k", {{"data", test::table({"y"}, y)}, {"lags", 2}});
  const double alpha = 0.2, beta[2] = {0.5, -0.3}, sigma = 0.6;
  double expected = log_normal(alpha, 0, 10) + log_normal(beta[0], 0, 10) +
                    log_normal(beta[1], 0, 10) +
                    std::log(2 / (pi * 2.5 * (1 + sigma * sigma / 6.25))) + std::log(sigma);
  for (Index t = 2; t < 6; ++t)
    expected += log_normal(y[t], alpha + beta[0] * y[t - 1] + beta[1] * y[t - 2], sigma);
  Eigen::VectorXd z(4);
  z << alpha, beta[0], beta[1], std::log(sigma);
  CHECK(test::log_density_at(*model->density(), z) == Approx(expected).epsilon(1e-13));
  Eigen::MatrixXd x(4, 1);
  model->density()->constrain(z, x);
  CHECK(x(3, 0) == Approx(sigma));
}

TEST_CASE("a generated series is stationary and its coefficients are found again") {
  // With 20,000 numbers the posterior's sd of a coefficient is at most 1/sqrt(20000 (1 - r^2)).
  const auto model = test::model("ar_k", {{"lags", 3}, {"length", 20'000}});
  const Eigen::VectorXd y = model->data()[0].values;
  CHECK(y.cwiseAbs().maxCoeff() < 0.15 * 100);
  const Reference::Moments moments = model->reference()->moments().value();
  CHECK(std::abs(moments.mean[0]) < 5 * moments.sd[0]);
  CHECK(std::abs(moments.mean[4] - 0.15) < 5 * 0.15 / std::sqrt(2 * 20'000.0));
}

TEST_CASE("a series no longer than its lags is refused") {
  const Eigen::VectorXd y = Eigen::VectorXd::LinSpaced(5, 0, 1);
  CHECK_THAT(test::refusal("ar_k", {{"data", test::table({"y"}, y)}}),
             Catch::Contains("longer than lags = 5, got 5"));
}
