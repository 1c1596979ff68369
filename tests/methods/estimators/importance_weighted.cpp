#include "support/fit.hpp"
#include "support/gaussian_target.hpp"
#include "support/gradient_estimates.hpp"
#include "support/half_normal.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

Variant variant(const std::string& gradient) {
  return {"importance_weighted", {{"gradient", gradient}}};
}

/// z ~ N(0, 1), x | z ~ N(z, 1), x = 2.
constexpr double log_evidence = -2.2655121;
GaussianTarget shifted_normal() {
  return {VectorXd::Ones(1), MatrixXd::Constant(1, 1, 0.5), log_evidence};
}

/// E log (w_1 + w_2) / 2 of a one-dimensional family that is N(m, s^2), by the trapezoidal rule
/// over both draws.
double expected_bound_of_two(Model& model, Family& q) {
  constexpr Index n = 401;
  constexpr double side = 9;
  const VectorXd e = VectorXd::LinSpaced(n, -side, side);
  MatrixXd z(1, n);
  VectorXd log_w(n), log_q(n);
  q.sample(e.transpose(), z, log_q);
  model.density()->log_density(z, log_w);
  log_w -= log_q;
  const VectorXd w = log_w.array().exp();
  const VectorXd density =
      (-0.5 * (e.array().square() + log_2pi)).exp() * (2 * side / double(n - 1));
  double sum = 0;
  for (Index i = 0; i < n; ++i)
    sum += density[i] * (0.5 * (w.array() + w[i])).log().matrix().dot(density);
  return sum;
}

VectorXd expected_bound_and_gradient(Model& model, Family& q) {
  VectorXd out(3);
  out[0] = expected_bound_of_two(model, q);
  for (Index i = 0; i < 2; ++i) {
    const double here = q.parameters().f64()[i];
    q.parameters().f64()[i] = here + 1e-4;
    const double above = expected_bound_of_two(model, q);
    q.parameters().f64()[i] = here - 1e-4;
    out[1 + i] = (above - expected_bound_of_two(model, q)) / 2e-4;
    q.parameters().f64()[i] = here;
  }
  return out;
}

void require_agreement(const Estimates& a, const Estimates& b) {
  INFO(a.mean.transpose() << "\n" << b.mean.transpose());
  for (Index i = 0; i < a.mean.size(); ++i)
    REQUIRE(std::abs(a.mean[i] - b.mean[i]) <
            5 * std::hypot(a.standard_error[i], b.standard_error[i]) + 1e-8);
}

}  // namespace

TEST_CASE("The bounds of 1, 5 and 50 draws from the prior have their known values") {
  const std::string gradient = GENERATE("standard", "doubly_reparameterized", "vimco");
  const auto [draws, bound, error] = GENERATE(
      table<Index, double, double>({{1, -3.41894, 0}, {5, -2.4224, 3e-4}, {50, -2.2783, 3e-4}}));
  if (gradient == "vimco" && draws == 1) return;
  GaussianTarget target = shifted_normal();
  const auto q = family("gaussian_mean_field", 1);
  const Estimates found = estimates(variant(gradient), target, *q, draws, 40000);
  REQUIRE(std::abs(found.mean[0] - bound) < 5 * found.standard_error[0] + error);
}

TEST_CASE("Every gradient of the bound of two draws has the mean that quadrature gives") {
  const std::string gradient = GENERATE("automatic", "standard", "doubly_reparameterized", "vimco");
  GaussianTarget target = shifted_normal();
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 0.3, -0.4;
  const VectorXd expected = expected_bound_and_gradient(target, *q);
  const Estimates found = estimates(variant(gradient), target, *q, 2, 400000);
  INFO(gradient << "\n" << found.mean.transpose() << "\n" << expected.transpose());
  for (Index i = 0; i < 3; ++i)
    REQUIRE(std::abs(found.mean[i] - expected[i]) < 5 * found.standard_error[i]);
}

TEST_CASE("The gradients of the bound of seven draws agree with each other") {
  const std::string name = GENERATE("gaussian_mean_field", "gaussian_full_rank");
  GaussianTarget target((VectorXd(2) << 0.5, -1).finished(),
                        (MatrixXd(2, 2) << 1, 0.6, 0.6, 2).finished(), 1.5);
  const auto q = family(name, 2);
  q->parameters().f64().head(4) << 0, 0.3, -0.2, 0.1;
  const Estimates standard = estimates(variant("standard"), target, *q, 7, 50000);
  for (const char* other : {"automatic", "doubly_reparameterized", "vimco"})
    require_agreement(standard, estimates(variant(other), target, *q, 7, 50000));
}

TEST_CASE("The bound of one draw is the ELBO, draw for draw") {
  GaussianTarget target = correlated(0.5);
  const auto q = family("gaussian_full_rank", 2, {{"initial_scale", 0.7}});
  const auto [gradient, entropy] = GENERATE(table<std::string, std::string>(
      {{"standard", "monte_carlo"}, {"doubly_reparameterized", "sticking_the_landing"}}));
  const Estimates bound = estimates(variant(gradient), target, *q, 1, 10);
  const Estimates elbo = estimates({"reparameterized", {{"entropy", entropy}}}, target, *q, 1, 10);
  REQUIRE(bound.mean.isApprox(elbo.mean, 1e-12));
}

TEST_CASE("Averaging independent bounds divides the variance by their number") {
  const std::string gradient = GENERATE("standard", "doubly_reparameterized", "vimco");
  GaussianTarget target = shifted_normal();
  const auto q = family("gaussian_mean_field", 1);
  Variant eight = variant(gradient);
  eight.options["bounds"] = std::int64_t(8);
  const Estimates one = estimates(variant(gradient), target, *q, 5, 20000);
  const Estimates averaged = estimates(eight, target, *q, 5, 20000);
  require_agreement(one, averaged);
  for (Index i = 0; i < 3; ++i)
    REQUIRE(one.variance[i] / averaged.variance[i] == Approx(8).epsilon(0.15));
}

TEST_CASE("Doubly reparameterised gradients have no variance where q is the posterior") {
  GaussianTarget target = shifted_normal();
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 1, 0.5 * std::log(0.5);
  const Estimates found = estimates(variant("doubly_reparameterized"), target, *q, 5, 100);
  REQUIRE(found.mean[0] == Approx(log_evidence).epsilon(1e-12));
  REQUIRE(found.mean.tail(2).cwiseAbs().maxCoeff() < 1e-12);
  REQUIRE(found.variance.tail(2).maxCoeff() < 1e-24);
}

TEST_CASE(
    "Standard gradients lose their signal as draws are added, doubly reparameterised do not") {
  // Rainforth et al. 2018: the signal-to-noise ratio falls as K^-1/2 and grows as K^1/2.
  GaussianTarget target = shifted_normal();
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 0.8, -0.2;
  const auto signal = [&](const std::string& gradient, Index draws) {
    const Estimates found = estimates(variant(gradient), target, *q, draws, 20000);
    return std::abs(found.mean[1]) / std::sqrt(found.variance[1]);
  };
  REQUIRE(signal("standard", 64) < signal("standard", 4));
  REQUIRE(signal("doubly_reparameterized", 64) > 2 * signal("doubly_reparameterized", 4));
}

TEST_CASE("Draws without density weigh nothing in the bound") {
  // q = N(0.5, 1) and p = 2 N(z; 0, 1) on z > 0: the gradients of all-but-surely finite bounds
  // agree, although a third of the draws has no density.
  const std::string gradient = GENERATE("vimco", "doubly_reparameterized");
  HalfNormal target;
  const auto q = family("gaussian_mean_field", 1);
  q->parameters().f64() << 0.5, 0;
  const Estimates found = estimates(variant(gradient), target, *q, 40, 5000);
  REQUIRE(found.mean.allFinite());
  REQUIRE(found.mean[0] < 0);
  REQUIRE(found.mean[0] > -0.1);
}

TEST_CASE("A leave-one-out signal without any other weighted draw is finite") {
  // With two draws one of them has often no density; both without is reported as not finite.
  HalfNormal target;
  const auto q = family("gaussian_mean_field", 1);
  const auto method = estimator("importance_weighted", target, &*q,
                                {{"draws", std::int64_t(2)}, {"gradient", std::string("vimco")}});
  const auto moves = optimizer("adam", method->trained());
  VectorXd trace(Index(method->trace_fields().size()));
  Index without[3] = {0, 0, 0};
  for (Index i = 0; i < 40; ++i) {
    q->parameters().f64().setZero();
    Fit step{target, &*q, &*moves, i, stream(3).substream(std::uint64_t(i)), {}};
    const Progress progress = method->step(step, trace);
    const Index missing = Index(trace[3]);
    ++without[missing];
    REQUIRE((progress == Progress::non_finite) == (missing == 2));
    REQUIRE(q->parameters().all_finite());
  }
  REQUIRE(without[1] > 0);
  REQUIRE(without[2] > 0);
}

TEST_CASE("VIMCO of one draw is refused") {
  GaussianTarget target = correlated(0.5);
  const auto q = family("gaussian_mean_field", 2);
  REQUIRE_THROWS_AS(estimator("importance_weighted", target, &*q,
                              {{"draws", std::int64_t(1)}, {"gradient", std::string("vimco")}}),
                    OptionError);
}

TEST_CASE("Importance-weighted bounds refuse minibatches") {
  GaussianTarget target = correlated(0.5);
  const auto q = family("gaussian_mean_field", 2);
  const auto method = estimator("importance_weighted", target, &*q);
  const auto moves = optimizer("adam", method->trained());
  VectorXd trace(Index(method->trace_fields().size()));
  const std::vector<Index> items = {0};
  Fit step{target, &*q, &*moves, 0, stream(3), items};
  REQUIRE_THROWS_AS(method->step(step, trace), Unsupported);
}

TEST_CASE("A default importance-weighted fit reaches a Gaussian posterior") {
  // The bound is flat around its maximum, where only one of the gradients has no noise; at the
  // start the divergence is 0.62.
  const auto [gradient, divergence] = GENERATE(table<std::string, double>(
      {{"automatic", 1e-3}, {"standard", 0.1}, {"doubly_reparameterized", 1e-3}, {"vimco", 0.1}}));
  GaussianTarget target = correlated(0.7);
  const auto q = family("gaussian_full_rank", 2);
  fit(target, *q, "importance_weighted", {{"gradient", gradient}}, "adam", {}, 5000);
  INFO(gradient);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < divergence);
}

TEST_CASE("The automatic gradient is the standard one until draws have shared the weight") {
  // A posterior twenty sds away leaves all weight with one of ten draws, one half an sd away does
  // not.
  const auto q = family("gaussian_full_rank", 2);
  const auto last_of = [&](const OptionMap& options, double away) {
    GaussianTarget target(VectorXd::Constant(2, away), MatrixXd::Identity(2, 2));
    const auto method = estimator("importance_weighted", target, &*q, options);
    GradientEstimator& estimator = *method->gradient_estimator();
    VectorXd trace(Index(estimator.own_fields().size()));
    Gradient gradient(q->parameters());
    const GradientOut out = gradient.out();
    for (Index i = 0; i < 100; ++i) {
      gradient.set_zero();
      Fit step{target, &*q, nullptr, i, stream(7).substream(std::uint64_t(i)), {}};
      estimator.value_and_gradient(step, {&out, 1}, trace);
    }
    return VectorXd(gradient.f64());
  };
  const auto named = [&](const std::string& gradient, double away) {
    return last_of({{"gradient", gradient}}, away);
  };
  REQUIRE(last_of({}, 20) == named("standard", 20));
  REQUIRE(last_of({}, 20) != named("doubly_reparameterized", 20));
  REQUIRE(last_of({}, 0.5) == named("doubly_reparameterized", 0.5));
  REQUIRE(last_of({}, 0.5) != named("standard", 0.5));
}

TEST_CASE("A default importance-weighted fit finds a narrow posterior with correlations") {
  // Sds of 0.07 to 0.2, a tenth of q's at the start: there the doubly reparameterised gradient
  // throws a full-rank q about, and close to the posterior the standard one is noise.
  constexpr Index d = 6;
  MatrixXd covariance = MatrixXd::Constant(d, d, 0.005);
  covariance.diagonal().setLinSpaced(0.01, 0.04);
  GaussianTarget target(VectorXd::LinSpaced(d, -1.5, 1.5), covariance);
  const std::string name = GENERATE("adam", "dowg", "rmsprop");
  const auto q = family("gaussian_full_rank", d);
  REQUIRE(fit(target, *q, "importance_weighted", {}, name, {}, 8000) == Progress::going);
  INFO(name);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 0.02);
}
