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

namespace {

/// Some of these series grow until they stop.
const test::OptionMap from_prior = {
    {"lags", 2}, {"length", 30}, {"coefficient_scale", 0.7}, {"noise_scale", 1.0}};

}  // namespace

TEST_CASE("a series of the prior goes on from the first numbers of the data, given what it says") {
  const Eigen::VectorXd y = Eigen::VectorXd::LinSpaced(30, 3, 4);
  test::OptionMap options = from_prior;
  options["data"] = test::table({"y"}, y);
  int stopped = 0;
  double squares = 0, items = 0;
  for (std::uint64_t r = 1; r <= 200; ++r) {
    const auto model = test::model("ar_k", options, r, true);
    const Eigen::VectorXd drawn = model->data()[0].values, truth = model->truth();
    REQUIRE(truth.size() == 4);
    REQUIRE(drawn.size() <= 30);
    CHECK(drawn.head(2) == y.head(2));
    const Index last = drawn.size() - 1;
    CHECK(drawn.head(last).cwiseAbs().maxCoeff() <= 1e4);
    CHECK((last == 29 || std::abs(drawn[last]) > 1e4));
    stopped += last < 29;
    for (Index t = 2; t <= last; ++t) {
      const double mean = truth[0] + truth[1] * drawn[t - 1] + truth[2] * drawn[t - 2];
      squares += std::pow((drawn[t] - mean) / truth[3], 2);
      ++items;
    }
  }
  CHECK(stopped > 10);
  CHECK(stopped < 190);
  CHECK(std::abs(squares / items - 1) < 4 * std::sqrt(2 / items));
}

TEST_CASE(
    "parameters of the autoregression's prior are as far from the posterior's mean as its sd") {
  // E[(theta - E[theta | y])^2 / var(theta | y)] = 1 for every y, however long it is.
  constexpr int replicates = 200;
  Eigen::Vector4d mean = Eigen::Vector4d::Zero(), square = mean;
  for (int r = 0; r < replicates; ++r) {
    const auto model = test::model("ar_k", from_prior, std::uint64_t(r) + 1, true);
    const auto known = *model->reference()->moments();
    const Eigen::Array4d gap = (model->truth() - known.mean).array() / known.sd.array();
    mean += (gap.square() / replicates).matrix();
    square += (gap.square().square() / replicates).matrix();
  }
  for (Index i = 0; i < 4; ++i) {
    const double error = std::sqrt((square[i] - mean[i] * mean[i]) / replicates);
    INFO("variable " << i << ": " << mean[i] << " (" << error << ")");
    CHECK(std::abs(mean[i] - 1) < 4 * error);
    CHECK(error < 0.25);
  }
}
