#include <elbow/math.hpp>

#include "support/minibatch_checks.hpp"

using namespace elbow;

TEST_CASE("the ordered mixture meets what every density must") {
  const auto model = test::model("ordered_gaussian_mixture", {{"items", 150}});
  Density& density = *model->density();
  REQUIRE(density.dimension() == 5);
  REQUIRE(density.item_count() == 150);
  const Eigen::MatrixXd z = test::normal_points(density, 6, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
  test::check_minibatches(density, z, 1e-10);
  test::check_minibatches_do_not_allocate(density, 10, 10);
}

TEST_CASE("the ordered mixture is its priors times the sum over both labels") {
  const Eigen::VectorXd y = (Eigen::VectorXd(4) << -3.1, 2.7, 0.2, -40).finished();
  const auto model = test::model("ordered_gaussian_mixture", {{"data", test::table({"y"}, y)}});
  const double mu[2] = {-2.5, 1.9}, sigma[2] = {0.8, 1.3}, theta = 0.55;
  // Beta(5, 5) has the density theta^4 (1 - theta)^4 9! / 4!^2.
  double expected =
      std::log(630.0) + 5 * std::log(theta * (1 - theta)) + std::log(2) + std::log(mu[1] - mu[0]);
  for (int k = 0; k < 2; ++k)
    expected +=
        log_normal(mu[k], 0, 2) + std::log(2) + log_normal(sigma[k], 0, 2) + std::log(sigma[k]);
  for (Index i = 0; i < y.size(); ++i)
    expected +=
        log_sum_exp(Eigen::Vector2d(std::log(theta) + log_normal(y[i], mu[0], sigma[0]),
                                    std::log(1 - theta) + log_normal(y[i], mu[1], sigma[1])));
  Eigen::VectorXd z(5);
  z << mu[0], std::log(mu[1] - mu[0]), std::log(sigma[0]), std::log(sigma[1]),
      std::log(theta / (1 - theta));
  CHECK(test::log_density_at(*model->density(), z) == Approx(expected).epsilon(1e-13));
  Eigen::MatrixXd x(5, 1);
  model->density()->constrain(z, x);
  CHECK(x.isApprox((Eigen::VectorXd(5) << mu[0], mu[1], sigma[0], sigma[1], theta).finished(),
                   1e-13));
}

TEST_CASE("the priors of the ordered mixture integrate to one") {
  // With no weight on the data: one item, whose density is divided out, by importance sampling from
  // the prior's own draws in z.
  const Eigen::VectorXd y = Eigen::VectorXd::Constant(1, 0.3);
  const auto model = test::model("ordered_gaussian_mixture", {{"data", test::table({"y"}, y)}});
  RandomStream numbers = test::stream(9);
  constexpr Index draws = 20'000;
  Eigen::ArrayXd ratio(draws);
  for (Index i = 0; i < draws; ++i) {
    // A proposal of normals around the prior's bulk, wider than it.
    Eigen::VectorXd z(5);
    const double centre[5] = {-1.2, 0.5, 0.2, 0.2, 0}, width[5] = {2.2, 1.4, 1.4, 1.4, 1.1};
    double log_q = 0;
    for (Index d = 0; d < 5; ++d) {
      z[d] = centre[d] + width[d] * numbers.normal();
      log_q += log_normal(z[d], centre[d], width[d]);
    }
    Eigen::MatrixXd x(5, 1);
    model->density()->constrain(z, x);
    const double item =
        log_sum_exp(Eigen::Vector2d(std::log(x(4)) + log_normal(0.3, x(0), x(2)),
                                    std::log1p(-x(4)) + log_normal(0.3, x(1), x(3))));
    ratio[i] = std::exp(test::log_density_at(*model->density(), z) - item - log_q);
  }
  const double error = std::sqrt((ratio - ratio.mean()).square().sum()) / double(draws);
  CHECK(std::abs(ratio.mean() - 1) < 5 * error);
  CHECK(error < 0.05);
}
