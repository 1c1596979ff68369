#include <catch2/catch.hpp>
#include <elbow/math.hpp>

#include "diagnostics/monte_carlo.hpp"

using namespace elbow;

TEST_CASE("Running moments are those of the numbers") {
  // 1 ... 10, shifted by 1e9: mean 5.5, variance 55/6.
  ScalarMoments moments;
  for (int i = 1; i <= 10; ++i) moments.add(1e9 + i);
  CHECK(moments.count() == 10);
  CHECK(moments.mean() == Approx(1e9 + 5.5).epsilon(1e-15));
  CHECK(moments.variance() == Approx(55.0 / 6).epsilon(1e-7));
  CHECK(moments.estimate().standard_error == Approx(std::sqrt(55.0 / 60)).epsilon(1e-7));
}

TEST_CASE("Merged moments are those of all numbers") {
  ScalarMoments a, b, all;
  for (int i = 0; i < 100; ++i) {
    (i < 30 ? a : b).add(i * i);
    all.add(i * i);
  }
  a.merge(b);
  a.merge(ScalarMoments{});
  CHECK(a.count() == all.count());
  CHECK(a.mean() == Approx(all.mean()).epsilon(1e-13));
  CHECK(a.variance() == Approx(all.variance()).epsilon(1e-13));
}

TEST_CASE("Numbers that are not finite are counted and show in the mean") {
  ScalarMoments moments;
  moments.add(Eigen::Vector3d(1, -infinity, 2));
  CHECK(moments.count() == 3);
  CHECK(moments.non_finite() == 1);
  CHECK(moments.mean() == -infinity);
  CHECK(std::isnan(moments.variance()));
  moments.add(infinity);
  CHECK(std::isnan(moments.mean()));
}

TEST_CASE("One number has a mean and no standard error, none has neither") {
  CHECK(mean_estimate(Eigen::VectorXd::Constant(1, 3)).value == 3);
  CHECK(std::isnan(mean_estimate(Eigen::VectorXd::Constant(1, 3)).standard_error));
  CHECK(std::isnan(mean_estimate(Eigen::VectorXd()).value));
}

TEST_CASE("The delta method gives the standard error of a ratio") {
  // Var(a/b) = (var a - 2 r cov + r^2 var b) / b^2 at a = 6, b = 2, r = 3.
  Eigen::Matrix2d covariance;
  covariance << 0.5, 0.1, 0.1, 0.2;
  CHECK(delta_method(Eigen::Vector2d(1.0 / 2, -6.0 / 4), covariance) ==
        Approx(std::sqrt((0.5 - 2 * 3 * 0.1 + 9 * 0.2) / 4)));
}
