#include "support/fit.hpp"
#include "support/gaussian_target.hpp"
#include "support/gradient_estimates.hpp"
#include "support/half_normal.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace divergences_tests {

// The chi divergence and the inclusive KL: both look at the posterior's tails.

namespace {

constexpr double log_evidence = -1.3;
GaussianTarget target_1d() {
  return {VectorXd::Ones(1), MatrixXd::Constant(1, 1, 0.5), log_evidence};
}

/// n CUBO_n = log E_q w^n of q = N(m, v) and exp(log_evidence) N(mu, s), by the Renyi divergence
/// of order n from the target to q (van Erven & Harremoes 2014, eq. 10).
double log_moment(double m, double v, double n) {
  const double mu = 1, s = 0.5, mixed = n * v + (1 - n) * s;
  const double divergence = n * (mu - m) * (mu - m) / (2 * mixed) +
                            std::log(mixed / (std::pow(s, 1 - n) * std::pow(v, n))) / (2 * (1 - n));
  return n * log_evidence + (n - 1) * divergence;
}

/// Two bumps of sd 1 at -4 and 4: mean 0, variance 17.
class TwoBumps final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {1}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double near = log_normal(std::abs(z(0, s)), 4, 1),
                   far = log_normal(-std::abs(z(0, s)), 4, 1);
      log_p[s] = near + std::log1p(std::exp(far - near)) - std::log(2);
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient = -z.array() + 4 * (4 * z.array()).tanh();
  }
};

double variance(Family& q, Index i) {
  return std::exp(2 * q.parameters().f64()[q.dimension() + i]);
}

}  // namespace

TEST_CASE("The gradient of the chi divergence has the mean of E w^n over the constant") {
  const double n = GENERATE(1.5, 2.0, 3.0);
  GaussianTarget target = target_1d();
  const auto q = family("gaussian_mean_field", 1);
  const double m = 0.7, v = 0.9;
  q->parameters().f64() << m, 0.5 * std::log(v);
  const auto method = estimator("chi", target, &*q, {{"order", n}, {"draws", std::int64_t(100)}});
  GradientEstimator& chi = *method->gradient_estimator();
  constexpr Index steps = 5000;
  MatrixXd scaled(2, steps);
  VectorXd trace(3);
  for (Index i = -1; i < steps; ++i) {
    Gradient gradient(q->parameters());
    const GradientOut out = gradient.out();
    Fit step{target, &*q, nullptr, 0, stream(5).substream(std::uint64_t(i + 1)), {}};
    chi.value_and_gradient(step, {&out, 1}, trace);
    // Only the first step's constant comes from its own draws.
    if (i >= 0) scaled.col(i) = -n * std::exp(n * trace[2]) * gradient.f64();
  }
  const auto moment = [&](double a, double b) { return std::exp(log_moment(a, b, n)); };
  const double h = 1e-5;
  const double expected[] = {
      (moment(m + h, v) - moment(m - h, v)) / (2 * h),
      (moment(m, v * std::exp(2 * h)) - moment(m, v * std::exp(-2 * h))) / (2 * h)};
  for (Index i = 0; i < 2; ++i) {
    const double mean = scaled.row(i).mean();
    const double error =
        std::sqrt((scaled.row(i).array() - mean).square().sum() / steps / (steps - 1));
    INFO(n << " " << i << ": " << mean << " (" << error << ") " << expected[i]);
    REQUIRE(std::abs(mean - expected[i]) < 5 * error);
  }
}

TEST_CASE("Many draws give the closed upper bound") {
  GaussianTarget target = target_1d();
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 0.7, 0.5 * std::log(0.9);
  const Estimates found = estimates({"chi", {}}, target, *q, 20000, 50);
  REQUIRE(-found.mean[0] > log_evidence);
  REQUIRE(-found.mean[0] ==
          Approx(log_moment(0.7, 0.9, 2) / 2).margin(5 * found.standard_error[0] + 1e-4));
}

TEST_CASE("A chi fit of a correlated Gaussian covers it with the known variance") {
  // Stationarity of the bound in v: u (u + 1) = 2 (u^2 - rho^2) with u = 2 v - 1.
  const double rho = 0.3, u = 0.5 * (1 + std::sqrt(1 + 8 * rho * rho));
  GaussianTarget target = correlated(rho);
  const auto q = family("gaussian_mean_field", 2, {{"initial_scale", 2.0}});
  fit(target, *q, "chi", {{"draws", std::int64_t(200)}}, "adam", {}, 4000);
  for (Index i = 0; i < 2; ++i) {
    REQUIRE(q->parameters().f64()[i] == Approx(0).margin(0.03));
    REQUIRE(variance(*q, i) == Approx(0.5 * (u + 1)).epsilon(0.03));
  }
}

TEST_CASE("Draws without density count as zero in both divergences") {
  HalfNormal target;
  const auto q = family("gaussian_mean_field", 1);
  for (const char* name : {"chi", "inclusive_kl"})
    REQUIRE(estimates({name, {}}, target, *q, 40, 20).mean.allFinite());
}

TEST_CASE("The inclusive KL and its gradient have their closed values") {
  const std::string defensive = GENERATE("normal", "none");
  const std::string name = GENERATE("gaussian_mean_field", "gaussian_full_rank");
  GaussianTarget target((VectorXd(2) << 0.5, -1).finished(),
                        (MatrixXd(2, 2) << 1, 0.6, 0.6, 2).finished(), 1.5);
  const auto q = family(name, 2, {{"initial_scale", 1.6}});
  q->parameters().f64()[0] = 0.3;
  const auto exact = [&] {
    VectorXd mean(2);
    MatrixXd covariance(2, 2);
    q->gaussian_form()->moments(mean, covariance);
    return -gaussian_kl(target.mean(), target.covariance(), mean, covariance);
  };
  const Estimates found =
      estimates({"inclusive_kl", {{"defensive", defensive}}}, target, *q, 20000, 50);
  // Self-normalisation is off by the order of 1 / S.
  REQUIRE(std::abs(found.mean[0] - exact()) < 5 * found.standard_error[0] + 5e-4);
  for (Index i = 0; i < q->parameters().f64().size(); ++i) {
    const double here = q->parameters().f64()[i];
    q->parameters().f64()[i] = here + 1e-5;
    const double above = exact();
    q->parameters().f64()[i] = here - 1e-5;
    const double expected = (above - exact()) / 2e-5;
    q->parameters().f64()[i] = here;
    INFO(i << ": " << found.mean[i + 1] << " " << expected);
    REQUIRE(std::abs(found.mean[i + 1] - expected) < 5 * found.standard_error[i + 1] + 5e-4);
  }
}

TEST_CASE("An inclusive mean-field fit has the posterior's own moments") {
  GaussianTarget target = correlated(0.8);
  const auto q = family("gaussian_mean_field", 2);
  fit(target, *q, "inclusive_kl", {{"draws", std::int64_t(200)}}, "adam", {}, 4000);
  for (Index i = 0; i < 2; ++i) {
    REQUIRE(q->parameters().f64()[i] == Approx(0).margin(0.03));
    REQUIRE(variance(*q, i) == Approx(1).epsilon(0.03));
  }
}

TEST_CASE("Defensive draws find the mode that the start does not see") {
  TwoBumps target;
  const auto q = family("gaussian_mean_field", 1, {{"initial_scale", 0.5}});
  q->parameters().f64()[0] = 4;
  fit(target, *q, "inclusive_kl",
      {{"draws", std::int64_t(200)}, {"defensive_scale", 5.0}, {"defensive_share", 0.3}}, "adam",
      {}, 3000);
  REQUIRE(q->parameters().f64()[0] == Approx(0).margin(0.3));
  REQUIRE(variance(*q, 0) == Approx(17).epsilon(0.05));
}

TEST_CASE("The exclusive KL keeps to the mode that it starts in") {
  TwoBumps target;
  const auto q = family("gaussian_mean_field", 1, {{"initial_scale", 0.5}});
  q->parameters().f64()[0] = 4;
  fit(target, *q, "reparameterized", {}, "adam", {}, 3000);
  REQUIRE(q->parameters().f64()[0] == Approx(4).margin(0.05));
  REQUIRE(variance(*q, 0) == Approx(1).epsilon(0.05));
}

TEST_CASE("Neither divergence takes minibatches") {
  GaussianTarget target = target_1d();
  const auto q = family("gaussian_mean_field", 1);
  const std::vector<Index> items = {0};
  VectorXd trace(6);
  for (const char* name : {"chi", "inclusive_kl"}) {
    const auto method = estimator(name, target, &*q);
    Fit step{target, &*q, nullptr, 0, stream(1), items};
    REQUIRE_THROWS_AS(method->step(step, trace), Unsupported);
  }
}

}  // namespace divergences_tests
