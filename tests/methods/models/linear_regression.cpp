#include <Eigen/LU>

#include "support/minibatch_checks.hpp"

using namespace elbow;

TEST_CASE("linear regression meets what every density must") {
  const auto model = test::model("linear_regression", {{"items", 50}, {"dimension", 4}});
  Density& density = *model->density();
  REQUIRE(density.dimension() == 4);
  REQUIRE(density.item_count() == 50);
  const Eigen::MatrixXd z = test::normal_points(density, 5, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
  test::check_minibatches(density, z, 1e-10);
  test::check_minibatches_do_not_allocate(density, 10, 10);
  const std::vector<Index> some = {3, 1, 1, 49};
  density.use_items(some);
  test::check_gradient(density, z);
}

TEST_CASE("linear regression is its prior times its likelihood") {
  Eigen::MatrixXd values(3, 3);
  values << 1, 2, 0.5, -1, 4, 2, 0, 1, -1;
  const auto model =
      test::model("linear_regression", {{"data", test::table({"a", "b", "y"}, values)},
                                        {"standardize", false},
                                        {"noise_sd", 0.7},
                                        {"prior_scale", 2.0}});
  const Eigen::Vector3d beta(0.3, -0.2, 1.1);
  double expected = 0;
  for (Index d = 0; d < 3; ++d) expected += log_normal(beta[d], 0, 2);
  for (Index i = 0; i < 3; ++i)
    expected +=
        log_normal(values(i, 2), values(i, 0) * beta[0] + values(i, 1) * beta[1] + beta[2], 0.7);
  CHECK(test::log_density_at(*model->density(), beta) == Approx(expected).epsilon(1e-13));
}

TEST_CASE("the evidence of linear regression is the marginal density of the data") {
  const auto model =
      test::model("linear_regression", {{"items", 6}, {"dimension", 3}, {"noise_sd", 0.5}});
  const std::vector<DataArray> data = model->data();
  const Eigen::VectorXd y = data[0].values;
  const Eigen::MatrixXd x = data[1].values.reshaped(6, 3);
  const Eigen::MatrixXd covariance = 0.25 * Eigen::MatrixXd::Identity(6, 6) + x * x.transpose();
  const double expected =
      -0.5 * (6 * log_2pi + std::log(covariance.determinant()) + y.dot(covariance.inverse() * y));
  CHECK(model->reference()->log_evidence()->value == Approx(expected).epsilon(1e-11));
}

TEST_CASE("a single normal observation has the textbook's posterior and evidence") {
  // N(0, 1) prior, y | x ~ N(x, 0.5^2), y = 10: posterior N(8, 0.447214^2).
  Eigen::MatrixXd values(1, 2);
  values << 1, 10;
  const auto model = test::model("linear_regression", {{"data", test::table({"one", "y"}, values)},
                                                       {"standardize", false},
                                                       {"intercept", false},
                                                       {"noise_sd", 0.5}});
  const Reference::Gaussian posterior = model->reference()->gaussian().value();
  CHECK(posterior.mean[0] == Approx(8).epsilon(1e-14));
  CHECK(std::sqrt(posterior.covariance(0, 0)) == Approx(0.447214).margin(1e-6));
  CHECK(model->reference()->log_evidence()->value == Approx(-41.030510).margin(1e-6));
}

TEST_CASE("exact draws of linear regression have its moments") {
  const auto model = test::model("linear_regression", {{"items", 30}, {"dimension", 3}});
  test::check_sampler_against_moments(*model, 50'000);
}
