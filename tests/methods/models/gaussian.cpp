#include <Eigen/Eigenvalues>

#include "support/density_checks.hpp"

using namespace elbow;

namespace {

Eigen::MatrixXd rows(std::initializer_list<std::initializer_list<double>> values) {
  Eigen::MatrixXd m(Index(values.size()), Index(values.begin()->size()));
  Index i = 0;
  for (const auto& row : values) {
    Index j = 0;
    for (const double value : row) m(i, j++) = value;
    ++i;
  }
  return m;
}

}  // namespace

TEST_CASE("a Gaussian in one dimension is the normal density times its evidence") {
  const auto gaussian =
      test::model("gaussian", {{"mean", Eigen::VectorXd(Eigen::VectorXd::Constant(1, 8.0))},
                               {"covariance", rows({{0.2}})},
                               {"log_evidence", -41.030510}});
  CHECK(test::log_density_at(*gaussian->density(), Eigen::VectorXd::Constant(1, 7.1)) ==
        Approx(log_normal(7.1, 8, std::sqrt(0.2)) - 41.030510).epsilon(1e-14));
}

TEST_CASE("a Gaussian meets what every density must") {
  const auto gaussian = test::model("gaussian", {{"dimension", 6}, {"condition_number", 30}});
  Density& density = *gaussian->density();
  const Eigen::MatrixXd z = test::normal_points(density, 5, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("a large Gaussian does not allocate either") {
  const auto gaussian = test::model("gaussian", {{"dimension", 300}, {"correlation", 0.5}});
  test::check_no_allocation(*gaussian->density(), 300);
}

TEST_CASE(
    "a generated covariance has the condition number asked for and its own replicate's rotation") {
  const auto first = test::model("gaussian", {{"dimension", 5}, {"condition_number", 1e4}}, 1);
  const auto other = test::model("gaussian", {{"dimension", 5}, {"condition_number", 1e4}}, 2);
  const Eigen::MatrixXd covariance = first->reference()->gaussian()->covariance;
  const Eigen::VectorXd lambda =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(covariance).eigenvalues();
  CHECK(lambda[4] / lambda[0] == Approx(1e4).epsilon(1e-8));
  CHECK(lambda[2] == Approx(1).epsilon(1e-10));
  CHECK_FALSE(covariance.isApprox(other->reference()->gaussian()->covariance, 1e-3));
}

TEST_CASE("an equicorrelated Gaussian has unit variances and the correlation asked for") {
  const auto gaussian = test::model("gaussian", {{"dimension", 3}, {"correlation", -0.4}});
  CHECK(gaussian->reference()->gaussian()->covariance ==
        rows({{1, -0.4, -0.4}, {-0.4, 1, -0.4}, {-0.4, -0.4, 1}}));
}

TEST_CASE("a Gaussian's exact draws have its mean and its whole covariance") {
  const auto gaussian = test::model("gaussian", {{"dimension", 3}, {"condition_number", 20}});
  test::check_sampler_against_moments(*gaussian, 50'000);
  const Eigen::MatrixXd covariance = gaussian->reference()->gaussian()->covariance;
  Eigen::MatrixXd z(3, 50'000);
  RandomStream stream = test::stream(9);
  gaussian->reference()->sample(stream, z);
  const Eigen::MatrixXd estimate = z * z.transpose() / 50'000.0;
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 3; ++j) {
      const double error = std::sqrt(
          (covariance(i, i) * covariance(j, j) + covariance(i, j) * covariance(i, j)) / 50'000);
      CHECK(std::abs(estimate(i, j) - covariance(i, j)) < 5 * error);
    }
}

TEST_CASE("a bad covariance is refused with the values") {
  using Catch::Contains;
  CHECK_THAT(test::refusal("gaussian", {{"covariance", rows({{1, 0.5}, {0.4, 1}})}}),
             Contains("symmetric") && Contains("0.5 in row 1, column 2") && Contains("0.4"));
  CHECK_THAT(test::refusal("gaussian", {{"covariance", rows({{1, 2}, {2, 1}})}}),
             Contains("positive definite") && Contains("eigenvalue is -1"));
  CHECK_THAT(test::refusal("gaussian", {{"covariance", rows({{1, 0}, {0, -3}})}}),
             Contains("positive diagonal") && Contains("-3 in row 2"));
  CHECK_THAT(test::refusal("gaussian", {{"covariance", rows({{1, 0, 0}, {0, 1, 0}})}}),
             Contains("square") && Contains("2 rows of 3"));
  CHECK_THAT(test::refusal("gaussian", {{"covariance", rows({{NAN}})}}),
             Contains("finite") && Contains("nan"));
}

TEST_CASE("options of a Gaussian that contradict each other are refused") {
  using Catch::Contains;
  const Eigen::VectorXd three = Eigen::VectorXd::Zero(3);
  CHECK_THAT(test::refusal("gaussian", {{"dimension", 2}, {"mean", three}}),
             Contains("dimension is for 2") && Contains("mean is for 3"));
  CHECK_THAT(test::refusal("gaussian", {{"mean", three}, {"covariance", rows({{1, 0}, {0, 1}})}}),
             Contains("mean is for 3") && Contains("covariance is for 2"));
  CHECK_THAT(test::refusal("gaussian", {{"covariance", rows({{1}})}, {"correlation", 0.5}}),
             Contains("exclude each other"));
  CHECK_THAT(test::refusal("gaussian", {{"dimension", 3}, {"correlation", -0.6}}),
             Contains("greater than -0.5") && Contains("-0.6"));
  CHECK_THAT(test::refusal("gaussian", {{"mean", Eigen::VectorXd(0)}}),
             Contains("mean must not be empty"));
}
