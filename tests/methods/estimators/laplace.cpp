#include <Eigen/Cholesky>
#include <functional>

#include "support/gaussian_target.hpp"
#include "support/german_credit.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace laplace_tests {

namespace {

/// Runs until the estimator ends, at most `limit` steps, and keeps the last trace.
struct Ended {
  Progress progress;
  VectorXd trace;  ///< objective, log evidence, predicted gain, smallest eigenvalue
  VectorXd mean;
  MatrixXd covariance;
};
Ended search_mode(Model& model, OptionMap options = {}, Index limit = 200) {
  const auto method = estimator("laplace", model, nullptr, std::move(options));
  VectorXd trace(Index(method->trace_fields().size()));
  Progress progress = Progress::going;
  Fit step{model, nullptr, nullptr, 0, stream(1), {}};
  for (; step.iteration < limit && progress == Progress::going; ++step.iteration)
    progress = method->step(step, trace);
  Family& q = *method->approximation(step);
  VectorXd mean(q.dimension());
  MatrixXd covariance(q.dimension(), q.dimension());
  q.gaussian_form()->moments(mean, covariance);
  return {progress, trace, mean, covariance};
}

/// sum over the coordinates of one function, which comes with its derivative.
class Separable final : public Model, public Density {
 public:
  using Function = std::function<double(double)>;
  Separable(Index dimension, Function f, Function derivative)
      : dimension_(dimension), f_(std::move(f)), derivative_(std::move(derivative)) {}
  Density* density() override { return this; }
  Index dimension() const override { return dimension_; }
  std::vector<Variable> variables() const override { return {{"z", {dimension_}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) log_p[s] = z.col(s).unaryExpr(f_).sum();
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient = z.unaryExpr(derivative_);
  }

 private:
  Index dimension_;
  Function f_, derivative_;
};

Separable double_well() {
  return {2, [](double z) { return z * z / 2 - z * z * z * z / 4; },
          [](double z) { return z - z * z * z; }};
}

}  // namespace

TEST_CASE("Laplace's approximation of a Gaussian is that Gaussian, with its evidence") {
  GaussianTarget target((VectorXd(3) << 5, -1, 0.2).finished(),
                        (MatrixXd(3, 3) << 1, 0.6, 0, 0.6, 2, -0.3, 0, -0.3, 0.5).finished(), 1.5);
  const Ended end = search_mode(target);
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(end.trace[1] == Approx(1.5).epsilon(1e-9));
  REQUIRE(gaussian_kl(end.mean, end.covariance, target.mean(), target.covariance()) < 1e-9);
}

TEST_CASE("Laplace's approximation does not depend on the units of the coordinates") {
  const VectorXd sd = (VectorXd(4) << 1e-6, 1e6, 1, 1e-3).finished();
  MatrixXd correlation = MatrixXd::Constant(4, 4, 0.4);
  correlation.diagonal().setOnes();
  GaussianTarget target(2 * sd, sd.asDiagonal() * correlation * sd.asDiagonal(), -3);
  const Ended end = search_mode(target);
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(end.trace[1] == Approx(-3).epsilon(1e-8));
  REQUIRE(gaussian_kl(end.mean, end.covariance, target.mean(), target.covariance()) < 1e-8);
}

TEST_CASE("Laplace's evidence of a gamma density in the log is Stirling's formula") {
  // a u - e^u integrates to Gamma(a); its mode is log a, the curvature there a.
  const double a = GENERATE(0.5, 3.0, 400.0);
  Separable target(
      2, [a](double u) { return a * u - std::exp(u); }, [a](double u) { return a - std::exp(u); });
  const Ended end = search_mode(target);
  // Within 1e-10 nats of the mode's density is within 1.4e-5 sds of the mode, where the curvature
  // a changes by a factor of exp(1.4e-5 / sqrt(a)).
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(end.trace[1] ==
          Approx(2 * (a * std::log(a) - a + 0.5 * std::log(2 * pi / a))).margin(2e-5));
  REQUIRE(end.mean.isApprox(VectorXd::Constant(2, std::log(a)), 1e-4));
  REQUIRE(end.covariance.isApprox(MatrixXd::Identity(2, 2) / a, 1e-4));
}

TEST_CASE("The log density never falls on the way to the mode") {
  const auto target = model("eight_schools");
  const auto method = estimator("laplace", *target, nullptr);
  VectorXd trace(4);
  double last = -INFINITY;
  Progress progress = Progress::going;
  for (Index i = 0; i < 100 && progress == Progress::going; ++i) {
    Fit step{*target, nullptr, nullptr, i, stream(1), {}};
    progress = method->step(step, trace);
    REQUIRE(trace[0] >= last - 1e-10);
    last = trace[0];
  }
  REQUIRE(progress == Progress::converged);
}

TEST_CASE("Laplace leaves a region where the precision is not positive definite") {
  Separable target = double_well();
  const Ended end =
      search_mode(target, {{"start", VectorXd((VectorXd(2) << 0.05, -0.2).finished())}});
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(end.mean.isApprox((VectorXd(2) << 1, -1).finished(), 1e-5));
  REQUIRE(end.covariance.isApprox(0.5 * MatrixXd::Identity(2, 2), 1e-4));
}

TEST_CASE("A stationary point that is no maximum has no Laplace approximation") {
  Separable target = double_well();
  const Ended end = search_mode(target);  // zero is a minimum
  REQUIRE(end.progress == Progress::diverged);
  REQUIRE(end.trace[3] < 0);
  REQUIRE(std::isnan(end.trace[1]));
}

TEST_CASE("A flat log density has no Laplace approximation") {
  Separable target(
      2, [](double) { return -1.0; }, [](double) { return 0.0; });
  const Ended end = search_mode(target);
  REQUIRE(end.progress == Progress::diverged);
  REQUIRE(std::isnan(end.trace[1]));
}

TEST_CASE("A start without density is reported as not finite") {
  Separable target(
      1, [](double z) { return z > 1 ? -z : -INFINITY; },
      [](double z) { return z > 1 ? -1. : 0.; });
  REQUIRE(search_mode(target).progress == Progress::non_finite);
}

TEST_CASE("A start of the wrong length is refused") {
  GaussianTarget target = correlated(0.5);
  REQUIRE_THROWS_AS(search_mode(target, {{"start", VectorXd(VectorXd::Zero(3))}}), OptionError);
}

TEST_CASE("Laplace's approximation is a family that is consistent with itself") {
  GaussianTarget target((VectorXd(2) << 5, -1).finished(),
                        (MatrixXd(2, 2) << 1, 0.6, 0.6, 2).finished());
  const auto method = estimator("laplace", target, nullptr);
  VectorXd trace(4);
  Fit step{target, nullptr, nullptr, 0, stream(1), {}};
  while (method->step(step, trace) == Progress::going) ++step.iteration;
  Family& q = *method->approximation(step);

  MatrixXd noise(2, 6), z(2, 6);
  stream(2).fill_normal(noise);
  VectorXd log_q(6), log_prob(6), log_p(6);
  q.sample(noise, z, log_q);
  q.log_prob(z, log_prob);
  target.log_density(z, log_p);
  REQUIRE(log_q.isApprox(log_prob, 1e-12));
  REQUIRE(log_q.isApprox(log_p, 1e-6));
  REQUIRE(q.closed_entropy()->entropy() ==
          Approx(0.5 * std::log((2 * pi * std::exp(1) * target.covariance()).determinant())));

  // Pull-backs against central differences of the parameters.
  const VectorXd w = log_q.array().sin();
  const MatrixXd g_z = noise.array().cos();
  const auto values = [&] {
    VectorXd out(3);
    VectorXd l(6);
    MatrixXd x(2, 6);
    q.sample(noise, x, l);
    out[0] = x.cwiseProduct(g_z).sum() + l.dot(w);
    q.log_prob(z, l);
    out[1] = l.dot(w);
    out[2] = q.closed_entropy()->entropy();
    return out;
  };
  MatrixXd differences(q.parameters().size(), 3);
  for (Index i = 0; i < differences.rows(); ++i) {
    const double here = q.parameters().f64()[i];
    q.parameters().f64()[i] = here + 1e-5;
    const VectorXd above = values();
    q.parameters().f64()[i] = here - 1e-5;
    differences.row(i) = (above - values()).transpose() / 2e-5;
    q.parameters().f64()[i] = here;
  }
  Gradient sampled(q.parameters()), scored(q.parameters()), entropy(q.parameters());
  q.sample(noise, z, log_q);
  q.sample_pullback(g_z, w, sampled.out());
  q.log_prob(z, log_prob);
  q.log_prob_pullback(w, scored.out(), z);
  q.closed_entropy()->entropy_pullback(1, entropy.out());
  REQUIRE(VectorXd(sampled.f64()).isApprox(differences.col(0), 1e-7));
  REQUIRE(VectorXd(scored.f64()).isApprox(differences.col(1), 1e-7));
  REQUIRE(VectorXd(entropy.f64()).isApprox(differences.col(2), 1e-7));
}

TEST_CASE("Laplace's evidence of German credit is the known one") {
  const auto target = german_credit();
  if (!target) return;
  const Ended end = search_mode(**target);
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(end.trace[1] == Approx(-529.4106).margin(1e-4));
}

}  // namespace laplace_tests
