#include "check/disagreement.hpp"

#include <catch2/catch.hpp>
#include <elbow/math.hpp>

#include "check/mean.hpp"

using namespace elbow;
using namespace elbow::check;

TEST_CASE("Equal infinities agree, opposite ones and NaN do not") {
  const Eigen::Vector3d expected(1, infinity, -infinity);
  CHECK(worst_disagreement(expected, expected, 1e-9).none());
  CHECK_FALSE(worst_disagreement(Eigen::Vector3d(1, infinity, infinity), expected, 1e-9).none());
  CHECK_FALSE(worst_disagreement(Eigen::Vector3d(not_a_number, infinity, -infinity), expected, 1e-9)
                  .none());
}

TEST_CASE("The worst entry is named by row and column") {
  Eigen::MatrixXd found = Eigen::MatrixXd::Zero(3, 2);
  found(1, 1) = 1e-3;
  const Disagreement worst = worst_disagreement(found, Eigen::MatrixXd::Zero(3, 2), 1e-6);
  CHECK(worst.row == 1);
  CHECK(worst.column == 1);
  CHECK_FALSE(worst.none());
}

TEST_CASE("Blocks are compared to the last bit, signs of zero included") {
  CHECK(same_bits(Eigen::Vector2d(1, not_a_number), Eigen::Vector2d(1, not_a_number)));
  CHECK_FALSE(same_bits(Eigen::Vector2d(0.0, 1), Eigen::Vector2d(-0.0, 1)));
}

TEST_CASE("The mean's standard error is that of independent numbers") {
  const Estimate mean = mean_of(Eigen::Vector4d(1, 2, 3, 4));
  CHECK(mean.value == Approx(2.5));
  CHECK(mean.standard_error == Approx(std::sqrt(5.0 / 3 / 4)));
}

TEST_CASE("Estimates without an error agree only when they are equal up to rounding") {
  CHECK(distance({1, 0}, {1 + 1e-12, 0}) == 0);
  CHECK(distance({1, 0}, {1.001, 0}) > standard_errors);
  CHECK(distance({1, 0}, {not_a_number, 0}) > standard_errors);
}
