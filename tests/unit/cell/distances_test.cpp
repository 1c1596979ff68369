#include "cell/distances.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/math.hpp>

#include "support/gaussian_target.hpp"

using namespace elbow;

namespace {

/// N(0, 1) as a family that only knows its density.
class StandardNormalDensity final : public Family {
 public:
  Index dimension() const override { return 1; }
  Parameters& parameters() override { return parameters_; }
  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    z = noise;
    log_prob(z, log_q);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    for (Index s = 0; s < z.cols(); ++s) log_q[s] = log_normal(z(0, s), 0, 1);
  }
  void log_prob_pullback(Vector, GradientOut, DrawsOut) override {}

 private:
  Parameters parameters_;
};

const Metric& find(const std::vector<Metric>& metrics, const std::string& name) {
  for (const Metric& metric : metrics)
    if (metric.name == name) return metric;
  FAIL("no metric " << name);
  return metrics[0];
}

}  // namespace

TEST_CASE("upper bounds of the evidence of a Gaussian have their closed forms") {
  // p = exp(-3) N(m, s^2) and q = N(0, 1): EUBO = log Z + KL(p || q), and CUBO = log Z + D_2 / 2
  // with D_2 = -log s - log(2 - s^2) / 2 + m^2 / (2 - s^2).
  const double m = 0.4, s = 0.8, log_z = -3;
  test::GaussianTarget p(Eigen::VectorXd::Constant(1, m), Eigen::MatrixXd::Constant(1, 1, s * s),
                         log_z);
  StandardNormalDensity q;
  Eigen::MatrixXd exact(1, 20000);
  RandomStream(1, 0, "bounds").fill_normal(exact);
  exact = (s * exact.array() + m).matrix();
  std::vector<Metric> metrics;
  add_upper_bounds(q, p, exact, {log_z, 0}, metrics);
  const double kl = -std::log(s) + (s * s + m * m - 1) / 2;
  const double renyi = -std::log(s) - std::log(2 - s * s) / 2 + m * m / (2 - s * s);
  const Metric &eubo = find(metrics, "eubo"), &cubo = find(metrics, "cubo");
  CHECK(std::fabs(eubo.value - (log_z + kl)) < 5 * eubo.mcse);
  CHECK(std::fabs(cubo.value - (log_z + renyi / 2)) < 5 * cubo.mcse);
  CHECK(eubo.value > log_z);
  CHECK(eubo.mcse < 0.02);
  CHECK(cubo.mcse < 0.02);
}

TEST_CASE("without a known evidence there is no chi bound") {
  test::GaussianTarget p(Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Ones(1, 1));
  StandardNormalDensity q;
  std::vector<Metric> metrics;
  add_upper_bounds(q, p, Eigen::MatrixXd::Ones(1, 10), {not_a_number, not_a_number}, metrics);
  CHECK(metrics.size() == 1);
}

TEST_CASE("the Stein discrepancy is measured on the model's gradients") {
  test::GaussianTarget p(Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Ones(1, 1));
  Eigen::MatrixXd z(1, 400);
  RandomStream(2, 0, "stein").fill_normal(z);
  std::vector<Metric> exact, shifted;
  add_stein_discrepancy(p, z, exact);
  add_stein_discrepancy(p, z.array() + 1, shifted);
  CHECK(std::fabs(exact[0].value) < 5 * exact[0].mcse);
  CHECK(shifted[0].value > 5 * shifted[0].mcse);
}
