#include <elbow/math.hpp>

#include "support/minibatch_checks.hpp"

using namespace elbow;
using Catch::Contains;

namespace {

/// Six rows of an intercept, a number and a factor.
std::shared_ptr<const Table> survey() {
  Eigen::MatrixXd values(6, 3);
  values << 1.2, 0.5, 1, 2.1, 1.5, 2, 2.2, -0.3, 3, 3.9, 2.2, 2, 0.4, -1.1, 1, 1.7, 0.9, 3;
  return std::make_shared<const Table>(Table{{"score", "age", "group"}, values});
}

double half_normal(double x, double scale) { return std::log(2) + log_normal(x, 0, scale); }
double half_cauchy(double x, double scale) {
  return std::log(2 / (pi * scale * (1 + x * x / (scale * scale))));
}

/// Sums over a grid of z for two coordinates.
struct GridMoments {
  double evidence = 0, mean[2] = {0, 0}, square[2] = {0, 0};
};
GridMoments integrate(Density& density, double low, double high, double step, double u_low,
                      double u_high, double u_step) {
  GridMoments sum;
  for (double b = low; b <= high; b += step)
    for (double u = u_low; u <= u_high; u += u_step) {
      const double x[2] = {b, std::exp(u)};
      const double weight =
          std::exp(test::log_density_at(density, Eigen::Vector2d(b, u))) * step * u_step;
      sum.evidence += weight;
      for (int i = 0; i < 2; ++i) {
        sum.mean[i] += weight * x[i];
        sum.square[i] += weight * x[i] * x[i];
      }
    }
  for (int i = 0; i < 2; ++i) {
    sum.mean[i] /= sum.evidence;
    sum.square[i] /= sum.evidence;
  }
  return sum;
}

}  // namespace

TEST_CASE("regression with unknown noise meets what every density must") {
  const auto beta = GENERATE(as<std::string>(), "normal", "flat");
  const auto sigma = GENERATE(as<std::string>(), "half_normal", "half_cauchy", "flat");
  CAPTURE(beta, sigma);
  const auto model =
      test::model("gaussian_regression", {{"coefficient_prior", beta}, {"noise_prior", sigma}});
  Density& density = *model->density();
  REQUIRE(density.dimension() == 6);
  const Eigen::MatrixXd z = test::normal_points(density, 5, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("regression with unknown noise is its priors times its likelihood") {
  const auto data = survey();
  const Eigen::MatrixXd& v = data->values;
  const double sigma = 0.8, beta[4] = {0.7, 0.4, 0.6, -0.2};
  Eigen::VectorXd z(5);
  z << beta[0], beta[1], beta[2], beta[3], std::log(sigma);
  double likelihood = std::log(sigma);  // the Jacobian
  for (Index i = 0; i < 6; ++i)
    likelihood += log_normal(v(i, 0),
                             beta[0] + beta[1] * v(i, 1) + (v(i, 2) == 2 ? beta[2] : 0) +
                                 (v(i, 2) == 3 ? beta[3] * v(i, 1) : 0),
                             sigma);
  double normal = 0;
  for (const double b : beta) normal += log_normal(b, 0, 3);
  const auto at = [&](const std::string& coefficients, const std::string& noise) {
    const auto model = test::model("gaussian_regression",
                                   {{"data", data},
                                    {"response", std::string("score")},
                                    {"covariates", std::string("1, age, group == 2, group==3*age")},
                                    {"coefficient_prior", coefficients},
                                    {"coefficient_scale", 3.0},
                                    {"noise_prior", noise},
                                    {"noise_scale", 2.5}});
    return test::log_density_at(*model->density(), z);
  };
  CHECK(at("flat", "flat") == Approx(likelihood).epsilon(1e-13));
  CHECK(at("normal", "flat") == Approx(likelihood + normal).epsilon(1e-13));
  CHECK(at("flat", "half_normal") == Approx(likelihood + half_normal(sigma, 2.5)).epsilon(1e-13));
  CHECK(at("normal", "half_cauchy") ==
        Approx(likelihood + normal + half_cauchy(sigma, 2.5)).epsilon(1e-13));
}

TEST_CASE("evidence and moments with unknown noise are those of a quadrature over both") {
  Eigen::MatrixXd values(7, 2);
  values << 1, 1.2, 2, 1.1, -1, -0.4, 0.5, 1.3, 3, 2.2, -2, -1.9, 0, 0.6;
  const auto beta = GENERATE(as<std::string>(), "normal", "flat");
  const auto sigma = GENERATE(as<std::string>(), "half_normal", "half_cauchy", "flat");
  CAPTURE(beta, sigma);
  const auto model = test::model("gaussian_regression", {{"data", test::table({"x", "y"}, values)},
                                                         {"coefficient_prior", beta},
                                                         {"coefficient_scale", 0.7},
                                                         {"noise_prior", sigma},
                                                         {"noise_scale", 0.5}});
  const GridMoments grid = integrate(*model->density(), -40, 40, 0.02, -5, 5, 0.04);
  const Reference::Moments moments = model->reference()->moments().value();
  CHECK(model->reference()->log_evidence()->value == Approx(std::log(grid.evidence)).margin(1e-5));
  for (int i = 0; i < 2; ++i) {
    CHECK(moments.mean[i] == Approx(grid.mean[i]).epsilon(1e-4));
    CHECK(moments.sd[i] ==
          Approx(std::sqrt(grid.square[i] - grid.mean[i] * grid.mean[i])).epsilon(2e-3));
  }
}

TEST_CASE("flat priors give the t distribution of least squares") {
  // beta has N - D degrees of freedom less the one that a flat prior of sigma costs, n = 4 - 1.
  Eigen::MatrixXd values(6, 2);
  values << 1, 1.2, 2, 1.1, -1, -0.4, 0.5, 1.3, 3, 2.2, -2, -1.9;
  const auto model = test::model("gaussian_regression", {{"data", test::table({"x", "y"}, values)},
                                                         {"covariates", std::string("1, x")},
                                                         {"coefficient_prior", std::string("flat")},
                                                         {"noise_prior", std::string("flat")}});
  const Eigen::VectorXd x = values.col(0), y = values.col(1);
  const double mean_x = x.mean(), spread = (x.array() - mean_x).square().sum();
  const double slope = ((x.array() - mean_x) * y.array()).sum() / spread;
  const double squares = ((y.array() - y.mean()) - slope * (x.array() - mean_x)).square().sum();
  const Reference::Moments moments = model->reference()->moments().value();
  CHECK(moments.mean[1] == Approx(slope).epsilon(1e-10));
  CHECK(moments.mean[0] == Approx(y.mean() - slope * mean_x).epsilon(1e-10));
  // var t_n = n / (n - 2) with scale squares / (n spread).
  CHECK(moments.sd[1] == Approx(std::sqrt(squares / spread)).epsilon(1e-8));
}

TEST_CASE("a sigma whose posterior has no variance says so") {
  Eigen::MatrixXd values(3, 2);
  values << 1, 1, 1, 2, 1, 4;
  const auto model = test::model("gaussian_regression", {{"data", test::table({"x", "y"}, values)},
                                                         {"coefficient_prior", std::string("flat")},
                                                         {"noise_prior", std::string("flat")}});
  const Reference::Moments moments = model->reference()->moments().value();
  CHECK(moments.mean[0] == Approx(7.0 / 3));
  CHECK(std::isinf(moments.mean[1]));
  CHECK(std::isinf(moments.sd[0]));
}

TEST_CASE("columns that are far from zero and nearly dependent keep their digits") {
  // y = 2 x with x in 1e6 + 0 ... 9: the slope's sd is that of centred data.
  Eigen::MatrixXd values(10, 2);
  for (Index i = 0; i < 10; ++i) {
    values(i, 0) = 1e6 + double(i);
    values(i, 1) = 2 * double(i) + (i % 2 ? 0.5 : -0.5);
  }
  Eigen::MatrixXd centred = values;
  centred.col(0).array() -= 1e6;
  const auto moments = [](const Eigen::MatrixXd& rows) {
    return test::model("gaussian_regression", {{"data", test::table({"x", "y"}, rows)},
                                               {"covariates", std::string("1, x")},
                                               {"coefficient_prior", std::string("flat")}})
        ->reference()
        ->moments()
        .value();
  };
  const Reference::Moments far = moments(values), near = moments(centred);
  CHECK(far.mean[1] == Approx(near.mean[1]).epsilon(1e-8));
  CHECK(far.sd[1] == Approx(near.sd[1]).epsilon(1e-8));
  CHECK(far.mean[2] == Approx(near.mean[2]).epsilon(1e-8));
}

TEST_CASE("improper posteriors and unknown columns of a regression are refused by name") {
  const auto refusal = [](test::OptionMap options) {
    options.emplace("data", survey());
    options.emplace("response", std::string("score"));
    return test::refusal("gaussian_regression", std::move(options));
  };
  using Text = std::string;
  CHECK_THAT(
      refusal({{"covariates", Text("1, height")}}),
      Contains("covariates: there is no column \"height\"; the columns are score, age, group"));
  CHECK_THAT(refusal({{"covariates", Text("age, group == two")}}),
             Contains("expected \"column == number\", got \"group == two\""));
  CHECK_THAT(
      refusal({{"covariates", Text("1, age, 1")}, {"coefficient_prior", Text("flat")}}),
      Contains("of 3 coefficients the posterior is improper: the rank of the covariates is 2"));
  CHECK_THAT(refusal({{"covariates", Text("score")}}), Contains("explain the response exactly"));
  CHECK_THAT(
      test::refusal("gaussian_regression", {{"items", 5}, {"coefficient_prior", Text("flat")}}),
      Contains("there are 5 rows"));
  CHECK_THAT(test::refusal("gaussian_regression", {{"data", survey()}}),
             Contains("response: there is no column \"y\""));
}

TEST_CASE(
    "Over data drawn from the prior the truth is as far from the posterior's mean as its sd") {
  const std::string noise = GENERATE("half_normal", "half_cauchy");
  const test::OptionMap options = {{"items", std::int64_t(12)},
                                   {"dimension", std::int64_t(2)},
                                   {"coefficient_scale", 2.0},
                                   {"noise_prior", noise},
                                   {"noise_scale", 1.0}};
  constexpr int replicates = 400;
  Eigen::Vector3d mean = Eigen::Vector3d::Zero(), square = mean;
  for (int r = 0; r < replicates; ++r) {
    const auto regression = test::model("gaussian_regression", options, std::uint64_t(r) + 1, true);
    const auto known = *regression->reference()->moments();
    // E[(theta - E[theta | y])^2 / var(theta | y)] = 1 for every y.
    const Eigen::Array3d gap = (regression->truth() - known.mean).array() / known.sd.array();
    mean += (gap.square() / replicates).matrix();
    square += (gap.square().square() / replicates).matrix();
  }
  for (Index i = 0; i < 3; ++i) {
    const double error = std::sqrt((square[i] - mean[i] * mean[i]) / replicates);
    INFO("variable " << i << ": " << mean[i] << " (" << error << ")");
    CHECK(std::abs(mean[i] - 1) < 4 * error);
    CHECK(error < 0.25);
  }
}

TEST_CASE("There is no drawing from a flat prior") {
  const std::string name = GENERATE("coefficient_prior", "noise_prior");
  CHECK_THROWS_WITH(test::model("gaussian_regression", {{name, std::string("flat")}}, 1, true),
                    Contains("flat prior has no draws"));
  CHECK_NOTHROW(test::model("gaussian_regression", {{name, std::string("flat")}}));
}
