#include "support/gaussian_target.hpp"
#include "support/half_normal.hpp"
#include "support/plugin_under_test.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace svgd_tests {

namespace {

struct Ended {
  VectorXd trace;
  MatrixXd z;
};
Ended run(Model& model, OptionMap options, Index iterations) {
  const auto method = estimator("svgd", model, nullptr, std::move(options));
  VectorXd trace(Index(method->trace_fields().size()));
  for (Index i = 0; i < iterations; ++i) {
    Fit step{model, nullptr, nullptr, i, stream(1), {}};
    REQUIRE(method->step(step, trace) == Progress::going);
  }
  return {trace, method->particles()->z};
}

}  // namespace

TEST_CASE("Stein particles take the mean and nearly the covariance of a Gaussian") {
  const std::string kernel = GENERATE("squared_exponential", "inverse_multiquadric");
  GaussianTarget target((VectorXd(2) << 3, -2).finished(),
                        (MatrixXd(2, 2) << 1, 0.6, 0.6, 2).finished());
  const Ended end = run(target, {{"kernel", kernel}, {"particles", std::int64_t(100)}}, 2000);
  const VectorXd mean = end.z.rowwise().mean();
  const MatrixXd covariance = (end.z.colwise() - mean) * (end.z.colwise() - mean).transpose() / 100;
  INFO(kernel << "\n" << mean.transpose() << "\n" << covariance);
  // For a Gaussian target the mean is exact at the fixed point; finitely many particles spread
  // less.
  REQUIRE((mean - target.mean()).norm() < 0.05);
  REQUIRE((covariance - target.covariance()).norm() < 0.2 * target.covariance().norm());
}

TEST_CASE("One step moves the particles along the paper's direction") {
  GaussianTarget target(VectorXd::Ones(1), MatrixXd::Constant(1, 1, 2));
  const OptionMap options = {{"particles", std::int64_t(4)}, {"bandwidth", 0.7}};
  const MatrixXd before = run(target, options, 0).z, after = run(target, options, 1).z;
  for (Index i = 0; i < 4; ++i) {
    double direction = 0;
    for (Index j = 0; j < 4; ++j) {
      const double apart = before(0, j) - before(0, i), k = std::exp(-apart * apart / 0.7);
      direction += k * (1 - before(0, j)) / 2 - 2 * apart / 0.7 * k;
    }
    // The first step of the running sum has the length eta whatever the direction's size.
    REQUIRE(after(0, i) - before(0, i) == Approx(std::copysign(0.3, direction)).epsilon(1e-6));
  }
}

TEST_CASE("The objective is minus the squared kernel Stein discrepancy") {
  // By the definition, with derivatives of the kernel by differences.
  const std::string kernel = GENERATE("squared_exponential", "inverse_multiquadric");
  GaussianTarget target(VectorXd::Ones(2), (MatrixXd(2, 2) << 1, 0.3, 0.3, 2).finished());
  const OptionMap options = {
      {"particles", std::int64_t(5)}, {"bandwidth", 1.3}, {"kernel", kernel}};
  const MatrixXd z = run(target, options, 0).z;
  const auto k = [&](const VectorXd& x, const VectorXd& y) {
    const double square = (x - y).squaredNorm() / 1.3;
    return kernel == "squared_exponential" ? std::exp(-square) : 1 / std::sqrt(1 + square);
  };
  MatrixXd score(2, 5);
  VectorXd log_p(5);
  target.log_density_gradient(z, log_p, score);
  constexpr double h = 1e-4;
  double sum = 0;
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 5; ++j) {
      const VectorXd x = z.col(i), y = z.col(j);
      sum += k(x, y) * score.col(i).dot(score.col(j));
      for (Index d = 0; d < 2; ++d) {
        const VectorXd e = h * VectorXd::Unit(2, d);
        sum +=
            score(d, i) * (k(x, y + e) - k(x, y - e)) / (2 * h) +
            score(d, j) * (k(x + e, y) - k(x - e, y)) / (2 * h) +
            (k(x + e, y + e) - k(x + e, y - e) - k(x - e, y + e) + k(x - e, y - e)) / (4 * h * h);
      }
    }
  REQUIRE(run(target, options, 1).trace[0] == Approx(-sum / 25).epsilon(1e-5));
}

TEST_CASE("The discrepancy falls as the particles settle") {
  GaussianTarget target = correlated(0.5);
  const double early = run(target, {{"bandwidth", 1.0}, {"initial_scale", 4.0}}, 1).trace[0];
  const double late = run(target, {{"bandwidth", 1.0}, {"initial_scale", 4.0}}, 1000).trace[0];
  REQUIRE(late > 0.02 * early);
  REQUIRE(late <= 0);
}

TEST_CASE("Particles outside the support are reported and not moved") {
  HalfNormal target;
  const auto method = estimator("svgd", target, nullptr);
  const MatrixXd before = method->particles()->z;
  VectorXd trace(4);
  Fit step{target, nullptr, nullptr, 0, stream(1), {}};
  REQUIRE(method->step(step, trace) == Progress::non_finite);
  REQUIRE(method->particles()->z == before);
}

}  // namespace svgd_tests
