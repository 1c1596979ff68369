#include "support/fit.hpp"
#include "support/gaussian_target.hpp"
#include "support/gradient_estimates.hpp"
#include "support/half_normal.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace quadrature_tests {

namespace {

GaussianTarget gaussian(Index d) {
  MatrixXd covariance = MatrixXd::Constant(d, d, 0.4);
  covariance.diagonal().setLinSpaced(d, 1, 2);
  return {VectorXd::LinSpaced(d, 0.5, -1), covariance, 1.5};
}

/// log p = a_0 u_0 - exp(u_0) + a_1 u_1 - exp(u_1) - u_0 u_1 / 5: skewed and correlated.
class Skewed final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = 2 * z(0, s) - std::exp(z(0, s)) + 3 * z(1, s) - std::exp(z(1, s)) -
                 0.2 * z(0, s) * z(1, s);
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) {
      gradient(0, s) = 2 - std::exp(z(0, s)) - 0.2 * z(1, s);
      gradient(1, s) = 3 - std::exp(z(1, s)) - 0.2 * z(0, s);
    }
  }
};

/// Some member of the family, the same for the same seed.
Built<Family> member(const std::string& name, Index d) {
  auto q = family(name, d, {{"initial_scale", 0.6}});
  RandomStream numbers = stream(8, "parameters");
  for (double& x : q->parameters().f64()) x += 0.2 * numbers.normal();
  return q;
}

/// Objective, then gradient.
VectorXd value_and_gradient(Model& model, Family& q, OptionMap options) {
  const auto method = estimator("quadrature", model, &q, std::move(options));
  Gradient gradient(q.parameters());
  const GradientOut out = gradient.out();
  VectorXd trace(2), numbers(1 + gradient.f64().size());
  Fit step{model, &q, nullptr, 0, stream(1), {}};
  numbers[0] = method->gradient_estimator()->value_and_gradient(step, {&out, 1}, trace);
  numbers.tail(gradient.f64().size()) = gradient.f64();
  return numbers;
}

/// The exact ELBO on a Gaussian target, and differences of it.
VectorXd exact(const GaussianTarget& target, Family& q) {
  const auto elbo = [&] { return 1.5 - kl_to(q, target.mean(), target.covariance()); };
  VectorXd out(1 + q.parameters().f64().size());
  out[0] = elbo();
  for (Index i = 0; i + 1 < out.size(); ++i) {
    const double here = q.parameters().f64()[i];
    q.parameters().f64()[i] = here + 1e-5;
    const double above = elbo();
    q.parameters().f64()[i] = here - 1e-5;
    out[i + 1] = (above - elbo()) / 2e-5;
    q.parameters().f64()[i] = here;
  }
  return out;
}

const OptionMap leibniz = {{"rule", std::string("leibniz")}};

}  // namespace

TEST_CASE("Quadrature gives the closed ELBO of Gaussians and its gradient") {
  const std::string name = GENERATE("gaussian_mean_field", "gaussian_full_rank");
  const Index d = GENERATE(1, 2, 3);
  GaussianTarget target = gaussian(d);
  const auto q = member(name, d);
  const VectorXd expected = exact(target, *q);
  INFO(name << " " << d);
  REQUIRE((value_and_gradient(target, *q, {}) - expected).cwiseAbs().maxCoeff() < 1e-7);
  if (d < 3)
    REQUIRE((value_and_gradient(target, *q, leibniz) - expected).cwiseAbs().maxCoeff() < 1e-7);
}

TEST_CASE("Leibniz' rule and quadrature of the noise agree on what is not Gaussian") {
  Skewed target;
  const std::string name = GENERATE("gaussian_full_rank", "planar", "radial", "real_nvp");
  const auto q = member(name, 2);
  OptionMap fine = leibniz;
  fine["points"] = std::int64_t(301);
  const VectorXd a = value_and_gradient(target, *q, {{"points", std::int64_t(80)}});
  const VectorXd b = value_and_gradient(target, *q, fine);
  INFO(name << "\n" << (a - b).transpose());
  // Poles of tanh near the axis, and a radial map's kink at its centre, slow Gauss' rule down.
  const double allowed = name == "gaussian_full_rank" ? 1e-7 : name == "radial" ? 3e-2 : 1e-3;
  REQUIRE((a - b).cwiseAbs().maxCoeff() < allowed);
}

TEST_CASE("Every unbiased gradient has the mean that quadrature gives, on every family") {
  const std::string name = GENERATE("gaussian_mean_field", "gaussian_full_rank",
                                    "gaussian_low_rank", "planar", "radial", "real_nvp");
  const Variant variant = GENERATE(
      Variant{"reparameterized", {{"entropy", std::string("monte_carlo")}}},
      Variant{"reparameterized", {{"entropy", std::string("sticking_the_landing")}}},
      Variant{"score_function", {{"baseline", std::string("leave_one_out")}}},
      Variant{"renyi", {{"alpha", 1.0}, {"gradient", std::string("doubly_reparameterized")}}});
  Skewed target;
  const auto q = member(name, 2);
  OptionMap fine = leibniz;
  // A radial map's density has kinks at the centres, where a grid's error falls with its step only.
  fine["points"] = std::int64_t(name == "radial" ? 401 : 201);
  const VectorXd expected = value_and_gradient(target, *q, fine);
  const Estimates found = estimates(variant, target, *q, 500, 150);
  INFO(name << " " << variant.estimator << "\n"
            << found.mean.transpose() << "\n"
            << expected.transpose());
  for (Index i = 0; i < expected.size(); ++i)
    REQUIRE(std::abs(found.mean[i] - expected[i]) < 5 * found.standard_error[i] + 1e-5);
}

TEST_CASE("Gradients under Student's t have the mean that quadrature gives") {
  const Variant variant =
      GENERATE(Variant{"reparameterized", {{"entropy", std::string("monte_carlo")}}},
               Variant{"reparameterized", {{"entropy", std::string("closed")}}},
               Variant{"score_function", {{"baseline", std::string("leave_one_out")}}});
  GaussianTarget target = gaussian(1);
  const auto q = family("student_t_mean_field", 1, {{"degrees_of_freedom", 12.0}});
  OptionMap wide = leibniz;
  wide["lower"] = -200.0;
  wide["upper"] = 200.0;
  wide["points"] = std::int64_t(40001);
  const VectorXd expected = value_and_gradient(target, *q, wide);
  const Estimates found = estimates(variant, target, *q, 500, 400);
  INFO(found.mean.transpose() << "\n" << expected.transpose());
  for (Index i = 0; i < expected.size(); ++i)
    REQUIRE(std::abs(found.mean[i] - expected[i]) < 5 * found.standard_error[i] + 1e-6);
}

TEST_CASE("A grid that cuts q off says so") {
  GaussianTarget target = gaussian(1);
  const auto q = family("gaussian_mean_field", 1);
  const auto method =
      estimator("quadrature", target, &*q, {{"rule", std::string("leibniz")}, {"upper", 0.0}});
  Gradient gradient(q->parameters());
  const GradientOut out = gradient.out();
  VectorXd trace(2);
  Fit step{target, &*q, nullptr, 0, stream(1), {}};
  method->gradient_estimator()->value_and_gradient(step, {&out, 1}, trace);
  REQUIRE(trace[0] == Approx(0.5).epsilon(1e-6));
}

TEST_CASE("A quadrature fit needs no averaging to reach the optimum") {
  GaussianTarget target = gaussian(3);
  const auto q = family("gaussian_full_rank", 3);
  const auto method = estimator("quadrature", target, &*q);
  const auto moves = optimizer("lbfgs", method->trained());
  VectorXd trace(Index(method->trace_fields().size()));
  for (Index i = 0; i < 100; ++i) {
    Fit step{target, &*q, &*moves, i, stream(1), {}};
    REQUIRE(method->step(step, trace) == Progress::going);
  }
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 1e-9);
}

TEST_CASE("Quadrature refuses what it cannot integrate") {
  GaussianTarget four = gaussian(4);
  const auto q4 = family("gaussian_mean_field", 4);
  REQUIRE_THROWS_AS(estimator("quadrature", four, &*q4), Unsupported);
  REQUIRE_THROWS_AS(estimator("quadrature", four, &*q4, leibniz), Unsupported);
  GaussianTarget one = gaussian(1);
  const auto low_rank = family("gaussian_low_rank", 1);
  REQUIRE_THROWS_AS(estimator("quadrature", one, &*low_rank), Unsupported);
  const auto q1 = family("gaussian_mean_field", 1);
  REQUIRE_THROWS_AS(estimator("quadrature", one, &*q1, {{"lower", 3.0}, {"upper", 3.0}}),
                    OptionError);
}

}  // namespace quadrature_tests
