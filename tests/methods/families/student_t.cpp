#include "support/fit.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace student_t_tests {

namespace {

Built<Family> one(double degrees, bool learn = true) {
  return family("student_t_mean_field", 1,
                {{"degrees_of_freedom", degrees}, {"learn_degrees_of_freedom", learn}});
}

double log_t3(double x) { return std::log(2 / (pi * std::sqrt(3))) - 2 * std::log1p(x * x / 3); }

/// Student's t with 5 degrees of freedom, location 2 and scale 0.5, in every coordinate; its log
/// evidence is that of the normaliser left out, 0.
class Student5 final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 3; }
  std::vector<Variable> variables() const override { return {{"z", {3}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    const double constant = std::log(8 / (3 * pi * std::sqrt(5))) - std::log(0.5);
    for (Index s = 0; s < z.cols(); ++s) {
      const auto x = (z.col(s).array() - 2) / 0.5;
      log_p[s] = 3 * constant - 3 * (1 + x.square() / 5).log().sum();
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    const auto x = (z.array() - 2) / 0.5;
    gradient = -6 * x / (5 + x.square()) / 0.5;
  }
};

}  // namespace

TEST_CASE("Student's t with three degrees of freedom has the textbook's density") {
  const auto q = one(3, GENERATE(true, false));
  const MatrixXd z = VectorXd::LinSpaced(9, -40, 40).transpose();
  VectorXd log_q(9);
  q->log_prob(z, log_q);
  for (Index s = 0; s < 9; ++s) REQUIRE(log_q[s] == Approx(log_t3(z(0, s))).epsilon(1e-12));
}

TEST_CASE("Draws of Student's t with four degrees of freedom have its distribution function") {
  // F(x) = 1/2 + 3/8 x / sqrt(1 + x^2/4) (1 - x^2 / (12 (1 + x^2/4))).
  const auto q = one(4);
  constexpr Index n = 600;
  MatrixXd noise(2, n * n), z(1, n * n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      noise.col(i * n + j) << (double(i) + 0.5) / n, (double(j) + 0.5) / n;
  q->sample(noise, z, unwanted_vector());
  for (const double x : {-4.0, -1.0, 0.3, 2.0}) {
    const double found = double((z.array() < x).count()) / double(n * n);
    const double root = 1 + x * x / 4;
    REQUIRE(found ==
            Approx(0.5 + 0.375 * x / std::sqrt(root) * (1 - x * x / (12 * root))).margin(3.0 / n));
  }
}

TEST_CASE("The closed entropy of Student's t is the integral of -q log q") {
  const double degrees = GENERATE(2.5, 5.0, 40.0);
  const auto q = one(degrees);
  q->parameters().f64().head(2) << 1, std::log(2);
  // In x = sinh(y), which tames the tails.
  constexpr Index n = 40001;
  const VectorXd y = VectorXd::LinSpaced(n, -30, 30);
  const MatrixXd z = y.array().sinh().transpose();
  VectorXd log_q(n);
  q->log_prob(z, log_q);
  const double integral =
      -(log_q.array().exp() * log_q.array() * y.array().cosh()).sum() * (y[1] - y[0]);
  REQUIRE(q->closed_entropy()->entropy() == Approx(integral).epsilon(1e-9));
}

TEST_CASE("Student's t of many degrees of freedom is a Gaussian") {
  const auto q = one(1e7);
  const auto gaussian = family("gaussian_mean_field", 1);
  REQUIRE(q->closed_entropy()->entropy() ==
          Approx(gaussian->closed_entropy()->entropy()).epsilon(1e-6));
}

TEST_CASE("A fit finds location, scale and degrees of freedom of Student's t") {
  Student5 target;
  const auto q = family("student_t_mean_field", 3);
  fit(target, *q, "reparameterized", {{"entropy", std::string("monte_carlo")}}, "adam", {}, 8000);
  for (Index d = 0; d < 3; ++d) {
    REQUIRE(q->parameters().f64()[d] == Approx(2).margin(0.02));
    REQUIRE(std::exp(q->parameters().f64()[3 + d]) == Approx(0.5).epsilon(0.03));
    REQUIRE(2 + std::exp(q->parameters().f64()[6 + d]) == Approx(5).epsilon(0.15));
  }
}

TEST_CASE("Degrees of freedom that are not learnt are no parameter") {
  REQUIRE(one(5, true)->parameters().size() == 3);
  REQUIRE(one(5, false)->parameters().size() == 2);
}

TEST_CASE("The t of four degrees of freedom has its closed quantiles, tails included") {
  const auto q = family("student_t_mean_field", 1,
                        {{"degrees_of_freedom", 4.0}, {"learn_degrees_of_freedom", false}});
  for (const double e : {-20.0, -8.0, -3.0, -1.0, -0.1, -1e-4, 0.0, 1e-9, 0.5, 2.0, 6.0, 12.0}) {
    CAPTURE(e);
    Eigen::MatrixXd noise = Eigen::MatrixXd::Constant(1, 1, e), z(1, 1);
    q->transport_map()->transport(noise, z, unwanted_vector());
    if (e == 0) {
      CHECK(z(0, 0) == 0);
      continue;
    }
    // With p below and a = 4 p (1 - p): t = +-2 sqrt(cos(acos(sqrt a) / 3) / sqrt a - 1) (Shaw
    // 2006).
    const double p = 0.5 * std::erfc(std::abs(e) * std::sqrt(0.5)),
                 root = std::sqrt(4 * p * (1 - p));
    // 1 - root, without cancellation, as (1 - 2p)^2 = 1 - root^2.
    const double half = std::erf(std::abs(e) * std::sqrt(0.5));
    const double angle = std::asin(half) / 3;
    const double gap = (std::cos(angle) - root) / root;
    const double near = half * half * (4.0 / 9);  // of cos(angle) / root - 1 for small angles
    const double t = std::copysign(2 * std::sqrt(std::abs(e) < 1e-3 ? near : gap), e);
    CHECK(z(0, 0) == Approx(t).epsilon(std::abs(e) < 1e-3 ? 1e-5 : 1e-9));
  }
}

TEST_CASE("A map of normal numbers to Student's t has their distribution") {
  // The probability integral transform: t's own draws and the map's have one distribution function.
  const auto q =
      family("student_t_mean_field", 2, {{"degrees_of_freedom", 3.0}, {"initial_scale", 0.5}});
  constexpr Index draws = 20000;
  Eigen::MatrixXd e(2, draws), u(4, draws), moved(2, draws), drawn(2, draws);
  RandomStream first = stream(1), second = stream(2);
  first.fill_normal(e);
  second.fill_uniform(u);
  q->transport_map()->transport(e, moved, unwanted_vector());
  q->sample(u, drawn, unwanted_vector());
  for (const double at : {-3.0, -1.0, -0.2, 0.0, 0.6, 2.0}) {
    const double a = (moved.array() < at).cast<double>().mean();
    const double b = (drawn.array() < at).cast<double>().mean();
    CHECK(std::abs(a - b) < 4 * std::sqrt((a * (1 - a) + b * (1 - b)) / (2 * draws)));
  }
}

}  // namespace student_t_tests
