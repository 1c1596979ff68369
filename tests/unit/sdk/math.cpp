#include <boost/math/distributions/normal.hpp>
#include <catch2/catch.hpp>
#include <cstring>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <elbow/random.hpp>
#include <elbow/simd.hpp>
#include <limits>

using namespace elbow;

TEST_CASE("the normal quantile agrees with Boost.Math, tails included") {
  const boost::math::normal_distribution<double> normal;
  for (const double p : {1e-300, 1e-100, 1e-20, 1e-10, 1e-5, 0.01, 0.0749, 0.0751, 0.3, 0.499999,
                         0.500001, 0.7, 0.9249, 0.9251, 0.99, 0.99999, 1 - 1e-10}) {
    CAPTURE(p);
    CHECK(inverse_normal_cdf(p) == Approx(boost::math::quantile(normal, p)).epsilon(1e-14));
  }
  CHECK(inverse_normal_cdf(0.5) == 0);
  CHECK(inverse_normal_cdf(0) == -INFINITY);
  CHECK(inverse_normal_cdf(1) == INFINITY);
  CHECK(std::isnan(inverse_normal_cdf(-0.1)));
  CHECK(std::isnan(inverse_normal_cdf(1.1)));
  CHECK(std::isnan(inverse_normal_cdf(NAN)));
}

TEST_CASE("the normal distribution function inverts its quantile") {
  for (const double x : {-30.0, -8.0, -1.0, 0.0, 0.3, 5.0})
    CHECK(inverse_normal_cdf(normal_cdf(x)) == Approx(x).epsilon(1e-10).margin(1e-15));
}

TEST_CASE("log_sum_exp neither overflows nor loses what is known") {
  CHECK(log_sum_exp(Eigen::VectorXd(0)) == -INFINITY);
  CHECK(log_sum_exp(Eigen::Vector2d(-INFINITY, -INFINITY)) == -INFINITY);
  CHECK(log_sum_exp(Eigen::Vector2d(-INFINITY, 3)) == 3);
  CHECK(log_sum_exp(Eigen::Vector2d(1000, 1000)) == Approx(1000 + std::log(2)).epsilon(1e-15));
  CHECK(log_sum_exp(Eigen::Vector2d(-1000, -1000)) == Approx(-1000 + std::log(2)).epsilon(1e-15));
  CHECK(log_sum_exp(Eigen::Vector2d(INFINITY, 0)) == INFINITY);
  CHECK(std::isnan(log_sum_exp(Eigen::Vector2d(NAN, 0))));
  CHECK(std::isnan(log_sum_exp(Eigen::Vector2d(0, NAN))));
  CHECK(log_mean_exp(Eigen::Vector2d(0, std::log(3))) == Approx(std::log(2)).epsilon(1e-15));
}

TEST_CASE("softplus and sigmoid keep their digits on both sides") {
  CHECK(softplus(0) == Approx(std::log(2)).epsilon(1e-15));
  CHECK(softplus(-40) == Approx(std::exp(-40)).epsilon(1e-14));
  CHECK(softplus(800) == 800);
  CHECK(softplus(-800) == 0);
  CHECK(sigmoid(-40) == Approx(std::exp(-40)).epsilon(1e-14));
  CHECK(sigmoid(-800) == 0);
  CHECK(sigmoid(800) == 1);
  CHECK(sigmoid(1.3) + sigmoid(-1.3) == Approx(1).epsilon(1e-15));
}

TEST_CASE("the KL of one-dimensional Gaussians has the published values and is not symmetric") {
  const Eigen::VectorXd m1 = Eigen::VectorXd::Constant(1, 0.0);
  const Eigen::VectorXd m2 = Eigen::VectorXd::Constant(1, 1.0);
  const Eigen::MatrixXd s1 = Eigen::MatrixXd::Constant(1, 1, 1.0);
  const Eigen::MatrixXd s2 = Eigen::MatrixXd::Constant(1, 1, 4.0);
  CHECK(gaussian_kl(m1, s1, m2, s2) == Approx(0.4431471806).margin(1e-10));
  CHECK(gaussian_kl(m2, s2, m1, s1) == Approx(1.3068528194).margin(1e-10));
  CHECK(gaussian_kl(m1, s1, m1, s1) == Approx(0).margin(1e-15));
}

TEST_CASE("the KL of the best mean-field fit of a correlated Gaussian has the published values") {
  for (const auto& [rho, gap] : {std::pair{0.5, 0.143841}, {0.9, 0.830366}}) {
    Eigen::Matrix2d covariance;
    covariance << 1, rho, rho, 1;
    const Eigen::Matrix2d fit = (1 - rho * rho) * Eigen::Matrix2d::Identity();
    const Eigen::Vector2d mean(0.3, -2);
    CHECK(gaussian_kl(mean, fit, mean, covariance) == Approx(gap).margin(1e-6));
  }
}

TEST_CASE("the KL of a Gaussian that is none is refused") {
  const Eigen::Vector2d mean(0, 0);
  Eigen::Matrix2d indefinite;
  indefinite << 1, 2, 2, 1;
  const Eigen::Matrix2d identity = Eigen::Matrix2d::Identity();
  CHECK_THROWS_AS(gaussian_kl(mean, indefinite, mean, identity), Error);
  CHECK_THROWS_AS(gaussian_kl(mean, identity, mean, indefinite), Error);
}

TEST_CASE("The error of a log mean of exponentials is the relative error of the mean") {
  RandomStream stream(1, 0, "test");
  Eigen::VectorXd x(4000);
  stream.fill_normal(x);
  x *= 0.3;
  // The relative variance of exp(N(0, s^2)) is exp(s^2) - 1.
  CHECK(log_mean_exp_sd(x) == Approx(std::sqrt((std::exp(0.09) - 1) / 4000)).epsilon(0.1));
  // Shares of 1/4 with weight one and of 3/4 with none have the relative variance 3.
  Eigen::VectorXd part = Eigen::VectorXd::Constant(400, -infinity);
  part.head(100).setConstant(-700);
  CHECK(log_mean_exp_sd(part) == Approx(std::sqrt(std::log1p(3.0 / 399))).epsilon(1e-10));
  CHECK(log_mean_exp_sd(Eigen::Vector3d(2, 2, 2)) == Approx(0).margin(1e-7));
  CHECK(std::isnan(log_mean_exp_sd(Eigen::VectorXd::Ones(1))));
  CHECK(std::isnan(log_mean_exp_sd(Eigen::VectorXd::Constant(3, -infinity))));
}

TEST_CASE("The error of a log mean of exponentials covers what its largest terms hide") {
  // log E exp(N(0, s^2)) = s^2 / 2, far above what a few draws show.
  const double s = GENERATE(2.0, 4.0, 6.0);
  constexpr int runs = 200;
  int outside = 0;
  Eigen::VectorXd x(100);
  for (int r = 0; r < runs; ++r) {
    RandomStream(1, std::uint64_t(r), "test").fill_normal(x);
    x *= s;
    outside += std::abs(log_mean_exp(x) - s * s / 2) > 3 * log_mean_exp_sd(x);
  }
  CHECK(outside <= 4);
}

TEST_CASE("the correlation is that of the pairs of finite numbers") {
  const Eigen::Vector4d x(1, 2, 3, 4), y(1, 3, 2, 5);
  // Sums of squares 5 and 8.75, of products 5.5.
  CHECK(correlation(x, y) == Approx(5.5 / std::sqrt(5 * 8.75)));
  CHECK(correlation(x, (1e9 - 2 * x.array()).matrix()) == Approx(-1));
  CHECK(correlation(x, Eigen::Vector4d::Constant(7)) == 0);
  Eigen::MatrixXd rows(2, 6);
  rows << 1, infinity, 2, 3, 9, 4, 1, 8, 3, 2, not_a_number, 5;
  CHECK(correlation(rows.row(0).transpose(), rows.row(1).transpose()) == correlation(x, y));
}

TEMPLATE_TEST_CASE("the exponential of a register is that of the C library", "", float, double) {
  using V = typename simd::Simd<TestType>::V;
  const auto exponential = [](TestType x) {
    const V y = simd::exp_nonpositive<TestType>(simd::broadcast(x));
    TestType first;
    std::memcpy(&first, &y, sizeof first);
    return first;
  };
  const double lowest = double(simd::Simd<TestType>::lowest);
  const double rounding = double(std::numeric_limits<TestType>::epsilon());
  for (int i = 0; i <= 10'000; ++i) {
    const TestType x = TestType(lowest * i / 10'000);
    REQUIRE(double(exponential(x)) == Approx(std::exp(double(x))).epsilon(2 * rounding));
  }
  CHECK(exponential(TestType(-1e4)) == exponential(TestType(lowest)));
  CHECK(exponential(-std::numeric_limits<TestType>::infinity()) == exponential(TestType(lowest)));
  CHECK(std::isnan(exponential(std::numeric_limits<TestType>::quiet_NaN())));
}
