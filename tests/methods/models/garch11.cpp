#include <elbow/math.hpp>

#include "support/minibatch_checks.hpp"

using namespace elbow;

TEST_CASE("garch11 meets what every density must") {
  const auto model = test::model("garch11");
  Density& density = *model->density();
  REQUIRE(density.dimension() == 4);
  const Eigen::MatrixXd z = test::normal_points(density, 8, 3, 1.5);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("garch11 is the product of its conditional normals and of the Jacobians") {
  const Eigen::VectorXd y = (Eigen::VectorXd(5) << 4.3, 5.2, 7.9, 3.4, 5.1).finished();
  const auto model = test::model("garch11", {{"data", test::table({"y"}, y)}, {"sigma1", 0.7}});
  const double mu = 4.8, alpha0 = 1.3, alpha1 = 0.4, beta1 = 0.25;
  double sd = 0.7, expected = log_normal(y[0], mu, sd);
  for (Index t = 1; t < 5; ++t) {
    sd = std::sqrt(alpha0 + alpha1 * std::pow(y[t - 1] - mu, 2) + beta1 * sd * sd);
    expected += log_normal(y[t], mu, sd);
  }
  // beta1 = (1 - alpha1) s: the Jacobian of a number in (0, 1 - alpha1).
  const double s = beta1 / (1 - alpha1);
  expected +=
      std::log(alpha0) + std::log(alpha1 * (1 - alpha1)) + std::log((1 - alpha1) * s * (1 - s));
  const Eigen::Vector4d z(mu, std::log(alpha0), std::log(alpha1 / (1 - alpha1)),
                          std::log(s / (1 - s)));
  CHECK(test::log_density_at(*model->density(), z) == Approx(expected).epsilon(1e-13));
  Eigen::MatrixXd x(4, 1);
  model->density()->constrain(z, x);
  CHECK(x.isApprox(Eigen::Vector4d(mu, alpha0, alpha1, beta1), 1e-13));
}

TEST_CASE("a series of three numbers is too short for garch11") {
  const Eigen::VectorXd y = Eigen::VectorXd::LinSpaced(3, 0, 1);
  CHECK_THAT(test::refusal("garch11", {{"data", test::table({"y"}, y)}}),
             Catch::Contains("at least 4 numbers is needed, got 3"));
}

TEST_CASE("of a table with several columns the series is the one called y") {
  Eigen::MatrixXd values = Eigen::MatrixXd::Random(6, 2);
  const auto model = test::model("garch11", {{"data", test::table({"time", "y"}, values)}});
  CHECK(model->data()[0].values == values.col(1));
  CHECK_THAT(test::refusal("garch11", {{"data", test::table({"time", "value"}, values)}}),
             Catch::Contains("must have a column \"y\"; the columns are time, value"));
}
