#include "support/fit.hpp"
#include "support/gaussian_target.hpp"
#include "support/gradient_estimates.hpp"
#include "support/half_normal.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const std::vector<Variant> variants = {
    {"reparameterized", {{"entropy", std::string("monte_carlo")}}},
    {"reparameterized", {{"entropy", std::string("closed")}}},
    {"reparameterized", {{"entropy", std::string("sticking_the_landing")}}},
    {"score_function", {{"baseline", std::string("none")}}},
    {"score_function", {{"baseline", std::string("running_mean")}}},
    {"score_function", {{"baseline", std::string("leave_one_out")}}},
    {"reparameterized", {{"noise", std::string("antithetic")}}},
    {"reparameterized", {{"noise", std::string("sobol")}}},
    {"score_function", {{"noise", std::string("antithetic")}}},
    {"score_function", {{"noise", std::string("sobol")}}},
    {"score_function",
     {{"noise", std::string("sobol")}, {"baseline", std::string("running_mean")}}}};

/// The exact ELBO on a Gaussian target and its gradient, by differences of the closed KL.
VectorXd exact(const GaussianTarget& target, double log_evidence, Family& q) {
  const auto elbo = [&] { return log_evidence - kl_to(q, target.mean(), target.covariance()); };
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

}  // namespace

TEST_CASE("Every estimator of the ELBO and its gradient has the exact mean") {
  const Variant variant = GENERATE(from_range(variants));
  const std::string name = GENERATE("gaussian_mean_field", "gaussian_full_rank");
  GaussianTarget target((VectorXd(2) << 0.5, -1).finished(),
                        (MatrixXd(2, 2) << 1, 0.6, 0.6, 2).finished(), 1.5);
  const auto q = family(name, 2);
  q->parameters().f64()[1] = 0.3;
  q->parameters().f64()[2] = -0.2;
  q->parameters().f64()[3] = 0.1;
  const Estimates found = estimates(variant, target, *q, 100, 10000);
  const VectorXd expected = exact(target, 1.5, *q);
  INFO(variant.estimator << " " << name);
  INFO("found\n" << found.mean.transpose() << "\nexpected\n" << expected.transpose());
  for (Index i = 0; i < expected.size(); ++i)
    REQUIRE(std::abs(found.mean[i] - expected[i]) < 5 * found.standard_error[i] + 1e-8);
}

TEST_CASE("Score-function estimates of a single draw are unbiased") {
  const auto baseline = std::string(GENERATE("none", "running_mean"));
  GaussianTarget target = correlated(0.5);
  const auto q = family("gaussian_mean_field", 2, {{"initial_scale", 0.8}});
  q->parameters().f64()[0] = 0.4;
  const Estimates found =
      estimates({"score_function", {{"baseline", baseline}}}, target, *q, 1, 200000);
  const VectorXd expected = exact(target, 0, *q);
  for (Index i = 0; i < expected.size(); ++i)
    REQUIRE(std::abs(found.mean[i] - expected[i]) < 5 * found.standard_error[i]);
}

TEST_CASE("Sticking the landing has no variance where q is the posterior") {
  GaussianTarget target = correlated(0.7);
  const auto q = family("gaussian_full_rank", 2);
  q->parameters().f64() << 0, 0, 0, 0.5 * std::log(1 - 0.49), 0.7;
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 1e-12);
  const Estimates sticking = estimates(variants[2], target, *q, 10, 100);
  REQUIRE(sticking.mean.cwiseAbs().maxCoeff() < 1e-12);
  REQUIRE(sticking.variance.maxCoeff() < 1e-24);
  const Estimates monte_carlo = estimates(variants[0], target, *q, 10, 100);
  REQUIRE(monte_carlo.variance.tail(5).minCoeff() > 1e-3);
}

TEST_CASE("The objective has no variance where q is the posterior, unless the entropy is closed") {
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Ones(1, 1), 2.5);
  const auto q = family("gaussian_mean_field", 1);
  for (const Variant& variant : variants) {
    const Estimates found = estimates(variant, target, *q, 10, 50);
    const auto entropy = variant.options.find("entropy");
    const bool closed =
        entropy != variant.options.end() && std::get<std::string>(entropy->second) == "closed";
    if (closed)
      REQUIRE(found.variance[0] > 1e-3);
    else
      REQUIRE(found.mean[0] == Approx(2.5).epsilon(1e-12));
  }
}

TEST_CASE("Baselines lower the variance of score-function gradients") {
  // The ELBO is far from zero, which is what a baseline takes away.
  GaussianTarget target((VectorXd(2) << 0.5, -1).finished(), MatrixXd::Identity(2, 2), -20);
  const auto q = family("gaussian_mean_field", 2);
  const auto variance = [&](std::size_t which) {
    return estimates(variants[which], target, *q, 10, 4000).variance.tail(4).eval();
  };
  const VectorXd none = variance(3), running = variance(4), leave_one_out = variance(5);
  REQUIRE((none.array() / running.array()).minCoeff() > 10);
  REQUIRE((none.array() / leave_one_out.array()).minCoeff() > 10);
}

TEST_CASE("Antithetic and Sobol noise lower the variance of gradients") {
  GaussianTarget target((VectorXd(2) << 0.5, -1).finished(),
                        (MatrixXd(2, 2) << 1, 0.6, 0.6, 2).finished());
  const auto q = family("gaussian_mean_field", 2);
  const auto variance = [&](const std::string& name, const std::string& noise) {
    return estimates({name, {{"noise", noise}}}, target, *q, 16, 2000).variance.tail(4).eval();
  };
  const VectorXd independent = variance("reparameterized", "independent");
  // Along the mean the gradient is linear in the noise, which opposite draws cancel.
  REQUIRE(variance("reparameterized", "antithetic").head(2).maxCoeff() < 1e-12);
  REQUIRE((variance("reparameterized", "sobol").array() < 0.3 * independent.array()).all());
  REQUIRE(variance("score_function", "sobol").sum() <
          0.9 * variance("score_function", "independent").sum());
}

TEST_CASE("Leave-one-out with one draw is refused") {
  GaussianTarget target = correlated(0.5);
  const auto q = family("gaussian_mean_field", 2);
  REQUIRE_THROWS_AS(
      estimator("score_function", target, &*q,
                {{"draws", std::int64_t(1)}, {"baseline", std::string("leave_one_out")}}),
      OptionError);
}

TEST_CASE("A step with draws outside the support reports them and moves nothing") {
  const std::string name = GENERATE("reparameterized", "score_function");
  HalfNormal target;
  const auto q = family("gaussian_mean_field", 1);
  const auto method = estimator(name, target, &*q, {{"draws", std::int64_t(64)}});
  const auto moves = optimizer("adam", method->trained());
  VectorXd trace(Index(method->trace_fields().size()));
  Fit step{target, &*q, &*moves, 0, stream(1), {}};

  MatrixXd noise(1, 64);
  RandomStream same = stream(1);
  same.fill_normal(noise);
  REQUIRE(method->step(step, trace) == Progress::non_finite);
  REQUIRE(method->trace_fields().back().name == "non_finite_draws");
  REQUIRE(trace[trace.size() - 1] == double((noise.array() < 0).count()));
  REQUIRE_FALSE(std::isfinite(trace[0]));
  REQUIRE(q->parameters().f64().isZero());
}

TEST_CASE("A closed entropy is asked of the family by that choice alone") {
  for (const Option& option : descriptor(Kind::estimator, "reparameterized").options()) {
    if (option.name != "entropy") continue;
    for (const std::string& choice : option.choices) {
      Ability needs = descriptor(Kind::estimator, "reparameterized").needs_of_family;
      for (const Condition& condition : option.conditions)
        if (condition.value == choice) needs = needs | condition.needs_of_family;
      REQUIRE(includes(needs, Ability::closed_entropy) == (choice == "closed"));
      REQUIRE(includes(needs, Ability::log_prob) == (choice == "sticking_the_landing"));
    }
  }
}
