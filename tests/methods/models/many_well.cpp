#include "support/density_checks.hpp"

using namespace elbow;

TEST_CASE("many wells have the density of their definition") {
  const auto wells = test::model("many_well", {{"wells", std::int64_t(2)}});
  const auto well = [](double a, double b) {
    return -std::pow(a, 4) + 6 * a * a + a / 2 - b * b / 2;
  };
  CHECK(test::log_density_at(*wells->density(), Eigen::Vector4d(1.5, -0.7, -2.2, 0.4)) ==
        Approx(well(1.5, -0.7) + well(-2.2, 0.4)).epsilon(1e-14));
}

TEST_CASE("many wells have the known evidence") {
  const auto evidence = [](std::int64_t wells) {
    return test::model("many_well", {{"wells", wells}})->reference()->log_evidence()->value;
  };
  CHECK(evidence(1) == Approx(10.2934797).epsilon(1e-8));
  CHECK(evidence(16) == Approx(164.695675).epsilon(1e-8));
}

TEST_CASE("many wells meet what every density must") {
  const auto wells = test::model("many_well", {{"wells", std::int64_t(3)}});
  Density& density = *wells->density();
  const Eigen::MatrixXd z = test::normal_points(density, 7, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("many wells' exact draws have their moments") {
  const auto wells = test::model("many_well", {{"wells", std::int64_t(2)}});
  test::check_sampler_against_moments(*wells, 100'000);
}

TEST_CASE("many wells' exact draws fall on both sides with the known weights") {
  const auto wells = test::model("many_well", {{"wells", std::int64_t(1)}});
  // The probability of a > 0 by the trapezoidal rule on both halves.
  double right = 0, all = 0;
  for (double a = -5; a < 5; a += 1e-4) {
    const double density = std::exp(-std::pow(a, 4) + 6 * a * a + a / 2);
    all += density;
    if (a > 0) right += density;
  }
  constexpr Index draws = 100'000;
  Eigen::MatrixXd z(2, draws);
  RandomStream numbers = test::stream(6);
  wells->reference()->sample(numbers, z);
  const double p = right / all, found = double((z.row(0).array() > 0).count()) / draws;
  CHECK(std::abs(found - p) < 5 * std::sqrt(p * (1 - p) / draws));
}
