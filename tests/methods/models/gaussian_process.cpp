#include <Eigen/LU>

#include "support/density_checks.hpp"
#include "support/minibatch_checks.hpp"

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace gaussian_process_tests {

namespace {

/// log N(y; 0, K + noise^2 I) by its definition.
double log_marginal(const MatrixXd& x, const VectorXd& y, double length, double sd, double noise) {
  MatrixXd c(y.size(), y.size());
  for (Index i = 0; i < y.size(); ++i)
    for (Index j = 0; j < y.size(); ++j)
      c(i, j) = sd * sd * std::exp(-(x.row(i) - x.row(j)).squaredNorm() / (2 * length * length)) +
                (i == j ? noise * noise : 0);
  return -0.5 * (double(y.size()) * log_2pi + std::log(c.determinant()) + y.dot(c.inverse() * y));
}

test::Built<Model> process(const MatrixXd& x, const VectorXd& y, const std::string& infer) {
  MatrixXd values(x.rows(), x.cols() + 1);
  values << x, y;
  std::vector<std::string> names;
  for (Index j = 0; j <= x.cols(); ++j) names.push_back(std::to_string(j));
  return test::model("gaussian_process_regression", {{"data", test::table(names, values)},
                                                     {"infer", infer},
                                                     {"length_scale", 0.8},
                                                     {"kernel_sd", 1.3},
                                                     {"noise_sd", 0.4}});
}

const MatrixXd inputs = (MatrixXd(5, 2) << 0, 1, 0.5, 0.2, 1.5, 1, 2, -1, 0.1, 0.3).finished();
const VectorXd responses = (VectorXd(5) << 0.3, -0.2, 1.1, 0.6, 0.1).finished();

}  // namespace

TEST_CASE("the evidence of a Gaussian process is the marginal density of the responses") {
  const auto model = process(inputs, responses, "function");
  CHECK(model->reference()->log_evidence()->value ==
        Approx(log_marginal(inputs, responses, 0.8, 1.3, 0.4)).epsilon(1e-7));
}

TEST_CASE("the posterior of the function is that of the textbook") {
  // Rasmussen & Williams 2006, eqs. 2.23-2.24, at the inputs themselves.
  const auto model = process(inputs, responses, "function");
  MatrixXd k(5, 5);
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 5; ++j)
      k(i, j) = 1.69 * std::exp(-(inputs.row(i) - inputs.row(j)).squaredNorm() / 1.28);
  const MatrixXd gain = k * (k + 0.16 * MatrixXd::Identity(5, 5)).inverse();
  const MatrixXd covariance = k - gain * k;
  const auto moments = model->reference()->moments().value();
  CHECK((moments.mean - gain * responses).cwiseAbs().maxCoeff() < 1e-6);
  CHECK((moments.sd - covariance.diagonal().cwiseSqrt()).cwiseAbs().maxCoeff() < 1e-6);
}

TEST_CASE("the hyperparameters' density is their prior times the marginal density") {
  const auto model = process(inputs, responses, "hyperparameters");
  const Eigen::Vector3d z(0.2, -0.4, -1.5);
  double expected = log_marginal(inputs, responses, std::exp(0.2), std::exp(-0.4), std::exp(-1.5));
  const double centres[] = {std::log(0.8), std::log(1.3), std::log(0.4)};
  for (Index i = 0; i < 3; ++i) expected += log_normal(z[i], centres[i], 1);
  CHECK(test::log_density_at(*model->density(), z) == Approx(expected).epsilon(1e-7));
}

TEST_CASE("both densities of a Gaussian process meet what every density must") {
  const std::string infer = GENERATE("function", "hyperparameters");
  const auto model =
      test::model("gaussian_process_regression", {{"infer", infer}, {"items", std::int64_t(12)}});
  Density& density = *model->density();
  const MatrixXd z = test::normal_points(density, 4, 3, 0.7);
  test::check_gradient(density, z, 1e-5);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
}

TEST_CASE("exact draws of the function have its moments") {
  test::check_sampler_against_moments(
      *test::model("gaussian_process_regression", {{"items", std::int64_t(10)}}), 50'000);
}

}  // namespace gaussian_process_tests
