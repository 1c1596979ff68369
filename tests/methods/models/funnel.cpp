#include "support/density_checks.hpp"

using namespace elbow;

TEST_CASE("the funnel's density is that of v and of x given v") {
  const auto funnel = test::model("funnel", {{"dimension", 3}});
  const double sd = std::exp(0.75);
  CHECK(test::log_density_at(*funnel->density(), Eigen::Vector3d(1.5, -0.7, 2.2)) ==
        Approx(log_normal(1.5, 0, 3) + log_normal(-0.7, 0, sd) + log_normal(2.2, 0, sd))
            .epsilon(1e-14));
}

TEST_CASE("the funnel meets what every density must") {
  const auto funnel = test::model("funnel");
  Density& density = *funnel->density();
  REQUIRE(density.dimension() == 10);
  const Eigen::MatrixXd z = test::normal_points(density, 7, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("the funnel integrates to its evidence") {
  const auto funnel = test::model("funnel", {{"dimension", 2}, {"scale", 1.0}});
  // x = e^{v/2} u: the trapezoidal rule in (v, u) with the Jacobian e^{v/2}.
  const double h = 0.1;
  double sum = 0;
  for (double v = -9; v <= 9; v += h)
    for (double u = -9; u <= 9; u += h)
      sum += std::exp(
          test::log_density_at(*funnel->density(), Eigen::Vector2d(v, std::exp(0.5 * v) * u)) +
          0.5 * v);
  CHECK(std::log(sum * h * h) == Approx(funnel->reference()->log_evidence()->value).margin(1e-12));
}

TEST_CASE("the funnel's exact draws have its moments") {
  // A narrow v, for which x has moments that can be estimated.
  const auto funnel = test::model("funnel", {{"dimension", 3}, {"scale", 0.5}});
  test::check_sampler_against_moments(*funnel, 100'000);
}
