#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/math.hpp>
#include <functional>

#include "chains.hpp"
#include "diagnostics/two_sample.hpp"
#include "diagnostics/u_statistic.hpp"

using namespace elbow;

namespace {

/// Over repeated samples: the mean of an estimate and of its square, in its own standard errors
/// around `truth`.
struct Calibration {
  double mean = 0, mean_square = 0;
};
Calibration calibration(int repeats, double truth, const std::function<Estimate(int)>& estimate) {
  Calibration result;
  for (int r = 0; r < repeats; ++r) {
    const Estimate e = estimate(r);
    const double z = (e.value - truth) / e.standard_error;
    result.mean += z / repeats;
    result.mean_square += z * z / repeats;
  }
  return result;
}

}  // namespace

TEST_CASE("Wasserstein-1 of sorted numbers is the mean of their differences") {
  CHECK(wasserstein_1(Eigen::Vector3d(5, 0, 1), 3, Eigen::Vector3d(2, 0, 7)).value ==
        Approx((0 + 1 + 2) / 3.0));
  // F jumps at 0 and 2, G at 1: |F - G| is 1/2 from 0 to 2.
  CHECK(wasserstein_1(Eigen::Vector2d(0, 2), 2, Eigen::Vector2d(1, 1)).value == Approx(1));
}

TEST_CASE("Wasserstein-1 of a normal shifted or scaled has its closed form") {
  const Eigen::VectorXd x = test::normals(20000, 1, 1), y = test::normals(20000, 1, 2);
  const Estimate shifted = wasserstein_1(x.array() + 0.7, 20000, y);
  CHECK(std::fabs(shifted.value - 0.7) < 5 * shifted.standard_error);
  CHECK(shifted.standard_error == Approx(std::sqrt(2 / 20000.0)).epsilon(0.05));
  const Estimate scaled = wasserstein_1(3 * x, 20000, y);
  CHECK(std::fabs(scaled.value - 2 * std::sqrt(2 / pi)) < 5 * scaled.standard_error);
}

TEST_CASE("Wasserstein-1 scatters as its standard error says") {
  const Calibration z = calibration(200, 1, [](int r) {
    return wasserstein_1(test::normals(400, 1, 100 + r).array() + 1, 400,
                         test::normals(500, 1, 500 + r));
  });
  CHECK(std::fabs(z.mean) < 5 / std::sqrt(200.0));
  CHECK(std::fabs(z.mean_square - 1) < 5 * std::sqrt(2.0 / 200));
}

TEST_CASE("A statistic over pairs is the plain double sum, and its error that of Hoeffding") {
  // h(v, w) = v w for normal v: mean zero, degenerate, with variance 2 / (n (n - 1)). There the
  // error is on the safe side: what is cut off below zero doubles the variance at most.
  double mean = 0, square = 0, variance = 0;
  for (int r = 0; r < 300; ++r) {
    const Eigen::VectorXd v = test::normals(60, 1, 1000 + r);
    const Estimate e = u_statistic(v * v.transpose());
    CHECK(e.value == Approx((std::pow(v.sum(), 2) - v.squaredNorm()) / (60 * 59)).margin(1e-15));
    mean += e.value / 300;
    square += e.value * e.value / 300;
    variance += e.standard_error * e.standard_error / 300;
  }
  const double truth = 2.0 / (60 * 59);
  CHECK(std::fabs(mean) < 5 * std::sqrt(truth / 300));
  CHECK(square < 2.5 * truth);
  CHECK(variance > 0.8 * truth);
  CHECK(variance < 2.6 * truth);
  // h(v, w) = v + w: the mean of a sample, with variance 4 / n.
  const Eigen::VectorXd v = test::normals(2000, 1, 3);
  const Estimate e = u_statistic(v.replicate(1, 2000) + v.transpose().replicate(2000, 1));
  CHECK(e.value == Approx(2 * v.mean()).epsilon(1e-10));
  CHECK(e.standard_error == Approx(2 / std::sqrt(2000.0)).epsilon(0.05));
}

TEST_CASE("The squared discrepancy is unbiased: its mean is zero between equal distributions") {
  const Calibration z = calibration(200, 0, [](int r) {
    return mmd_squared(test::normals(3, 80, 2000 + r), test::normals(3, 80, 3000 + r), 1.5);
  });
  CHECK(std::fabs(z.mean) < 5 / std::sqrt(200.0));
  CHECK(z.mean_square == Approx(1).margin(0.5));
}

TEST_CASE("The squared discrepancy of shifted normals has its closed form") {
  // E k(x, y) = (l^2 / (l^2 + 2))^(D/2) exp(-|m|^2 / (2 (l^2 + 2))) for N(0, I) and N(m, I).
  const Index dimension = 3;
  const double l2 = 2.25, shift = 0.6;
  const double same = std::pow(l2 / (l2 + 2), dimension / 2.0);
  const double truth = 2 * same * (1 - std::exp(-dimension * shift * shift / (2 * (l2 + 2))));
  const Calibration z = calibration(100, truth, [&](int r) {
    return mmd_squared(test::normals(dimension, 200, 4000 + r).array() + shift,
                       test::normals(dimension, 200, 5000 + r), std::sqrt(l2));
  });
  CHECK(std::fabs(z.mean) < 5 / std::sqrt(100.0));
  CHECK(z.mean_square == Approx(1).margin(0.7));
}

TEST_CASE("The median distance of two clusters is their distance") {
  // 250 points each at 0 and 4: half of the pairs and a few more are apart.
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(2, 500);
  x.row(0).tail(250).setConstant(4);
  CHECK(median_distance(x) == Approx(4));
}

TEST_CASE("The symmetric KL divergence of Gaussian samples is that of their distributions") {
  // KL(N(0, 1) || N(1, 4)) + KL(N(1, 4) || N(0, 1)) = 0.4431471806 + 1.3068528194
  const Calibration z = calibration(100, 1.75, [](int r) {
    return symmetric_gaussian_kl(test::normals(1, 2000, 6000 + r),
                                 2 * test::normals(1, 2000, 7000 + r).array() + 1);
  });
  CHECK(std::fabs(z.mean) < 5 / std::sqrt(100.0));
  CHECK(z.mean_square == Approx(1).margin(0.8));
}

TEST_CASE("The symmetric KL divergence of one distribution is zero, without bias") {
  Eigen::VectorXd values(100);
  for (int r = 0; r < 100; ++r)
    values[r] =
        symmetric_gaussian_kl(test::normals(5, 500, 8000 + r), test::normals(5, 500, 9000 + r))
            .value;
  const double error = std::sqrt((values.array() - values.mean()).square().sum() / 99 / 100);
  // Uncorrected it would be 20 (1/500 + 1/500) = 0.08.
  CHECK(std::fabs(values.mean()) < 5 * error);
  CHECK(error < 0.01);
}

TEST_CASE("A NaN, an infinity, a singular covariance and too few draws have no distance") {
  Eigen::MatrixXd x = test::normals(2, 100, 10), y = test::normals(2, 100, 11);
  for (const double bad : {std::nan(""), infinity}) {
    Eigen::MatrixXd z = x;
    z(1, 7) = bad;
    CHECK(std::isnan(mmd_squared(z, y, 1).value));
    CHECK(std::isnan(wasserstein_1(z.row(1).transpose(), 100, y.row(1).transpose()).value));
    CHECK(std::isnan(symmetric_gaussian_kl(z, y).value));
  }
  CHECK(std::isnan(mmd_squared(x.leftCols(3), y.leftCols(3), 1).value));
  x.row(1) = 2 * x.row(0);
  CHECK(std::isnan(symmetric_gaussian_kl(x, y).value));
}
