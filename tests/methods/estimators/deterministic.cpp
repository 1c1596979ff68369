#include <numeric>

#include "support/fit.hpp"
#include "support/gaussian_target.hpp"
#include "support/german_credit.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace deterministic_tests {

// Estimators that bring their own steps: natural gradients, coordinate ascent, fixed draws.

namespace {

/// Runs until the estimator ends, at most `limit` steps. @return its last progress
struct Ended {
  Progress progress = Progress::going;
  Index iterations = 0;
  VectorXd trace;
};
Ended run(Estimator& method, Model& model, Family* q, Index limit) {
  Ended end;
  end.trace.resize(Index(method.trace_fields().size()));
  for (; end.iterations < limit && end.progress == Progress::going; ++end.iterations) {
    Fit step{model,
             q,
             nullptr,
             end.iterations,
             stream(1, "fit").substream(std::uint64_t(end.iterations)),
             {}};
    end.progress = method.step(step, end.trace);
  }
  return end;
}

GaussianTarget ill_conditioned() {
  MatrixXd covariance(3, 3);
  covariance << 4, 1.8, 0, 1.8, 1, 0.01, 0, 0.01, 0.01;
  return {(VectorXd(3) << 5, -3, 1).finished(), covariance, -2};
}

double mean_field_gap(const GaussianTarget& target) {
  const MatrixXd precision = target.covariance().inverse();
  return 0.5 * (precision.diagonal().array().log().sum() - std::log(precision.determinant()));
}

double elbo(Model& model, Family& q, Index draws) {
  MatrixXd noise(q.noise().rows(), draws), z(q.dimension(), draws);
  VectorXd log_q(draws), log_p(draws);
  stream(9, "fresh").fill_normal(noise);
  q.sample(noise, z, log_q);
  model.density()->log_density(z, log_p);
  return (log_p - log_q).mean();
}

/// N(mean, precision^-1) with one coordinate per block (Bishop 2006, section 10.1.2): the update of
/// block i is m_i = mu_i - sum_(j != i) P_ij (m_j - mu_j) / P_ii, v_i = 1 / P_ii.
class GaussianBlocks final : public Model, public Conjugate {
 public:
  GaussianBlocks() : target_(ill_conditioned()), q_(family("gaussian_mean_field", 3)) {}
  Conjugate* conjugate() override { return this; }
  Density* density() override { return &target_; }
  Index block_count() const override { return 3; }
  void update_block(Index b) override {
    const MatrixXd precision = target_.covariance().inverse();
    auto phi = q_->parameters().f64();
    double pull = 0;
    for (Index j = 0; j < 3; ++j)
      if (j != b) pull += precision(b, j) * (phi[j] - target_.mean()[j]);
    phi[b] = target_.mean()[b] - pull / precision(b, b);
    phi[3 + b] = -0.5 * std::log(precision(b, b));
    if (faulty) phi[b] += 1;
  }
  double elbo() override { return -2 - kl_to(*q_, target_.mean(), target_.covariance()); }
  void initialize(RandomStream& numbers) override {
    for (double& x : q_->parameters().f64()) x = numbers.normal();
  }
  Index natural_dimension() const override { return 0; }
  void natural_parameters(VectorOut) const override {}
  void set_natural_parameters(Vector) override {}
  Index item_count() const override { return 0; }
  void estimate_natural_parameters(std::span<const Index>, VectorOut) override {}
  Family& approximation() override { return *q_; }

  bool faulty = false;

 private:
  GaussianTarget target_;
  Built<Family> q_;
};

}  // namespace

TEST_CASE("Natural gradients reach a Gaussian that is badly conditioned") {
  GaussianTarget target = ill_conditioned();
  const auto q = family("gaussian_full_rank", 3);
  const auto method = estimator("natural_gradient", target, &*q);
  const Ended end = run(*method, target, &*q, 2000);
  REQUIRE(end.progress == Progress::going);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) < 0.02);
}

TEST_CASE("Natural gradients of the mean field reach the known gap") {
  GaussianTarget target = correlated(0.9);
  const auto q = family("gaussian_mean_field", 2);
  const auto method = estimator("natural_gradient", target, &*q);
  run(*method, target, &*q, 4000);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) == Approx(0.830366).margin(0.02));
}

TEST_CASE("A natural-gradient step is no longer than its bound in KL") {
  // A target a thousand sds away: the plain step would be 100 sds long.
  GaussianTarget target(VectorXd::Constant(2, 1000), MatrixXd::Identity(2, 2));
  const auto q = family("gaussian_full_rank", 2);
  const auto method = estimator("natural_gradient", target, &*q, {{"largest_kl", 0.01}});
  for (Index i = 0; i < 50; ++i) {
    VectorXd mean(2);
    MatrixXd covariance(2, 2);
    q->gaussian_form()->moments(mean, covariance);
    VectorXd trace(4);
    Fit step{target, &*q, nullptr, i, stream(1).substream(std::uint64_t(i)), {}};
    method->step(step, trace);
    // The metric is the KL to second order: within a tenth at this length.
    REQUIRE(kl_to(*q, mean, covariance) < 0.0115);
  }
}

TEST_CASE("Natural gradients of German credit's mean field reach the known optimum") {
  const auto target = german_credit();
  if (!target) return;
  const auto q = family("gaussian_mean_field", 25);
  const auto method = estimator("natural_gradient", **target, &*q);
  run(*method, **target, &*q, 3000);
  const double found = elbo(**target, *q, 20000);
  INFO(found);
  REQUIRE(found == Approx(-531.7075).margin(0.05));
}

TEST_CASE("Coordinate ascent of a Gaussian finds its mean and the mean field's gap") {
  const std::string unit = GENERATE("sweep", "update");
  GaussianBlocks model;
  const auto method = estimator("cavi", model, nullptr, {{"step", unit}, {"tolerance", 1e-14}});
  const Ended end = run(*method, model, nullptr, 20000);
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(end.trace[0] == Approx(-2 - mean_field_gap(ill_conditioned())).epsilon(1e-9));
  Fit step{model, nullptr, nullptr, 0, stream(1), {}};
  REQUIRE(method->approximation(step) == &model.approximation());
}

TEST_CASE("Coordinate ascent never lowers the ELBO, and says after which block it stands") {
  GaussianBlocks model;
  const auto method = estimator("cavi", model, nullptr, {{"step", std::string("update")}});
  double last = -INFINITY;
  VectorXd trace(3);
  for (Index i = 0; i < 60; ++i) {
    Fit step{model, nullptr, nullptr, i, stream(1), {}};
    method->step(step, trace);
    REQUIRE(trace[0] >= last - 1e-10 * std::abs(last));
    REQUIRE(trace[2] == double(i % 3));
    last = trace[0];
  }
}

TEST_CASE("Coordinate updates that lower the ELBO end the fit as diverged") {
  GaussianBlocks model;
  const auto method = estimator("cavi", model, nullptr);
  run(*method, model, nullptr, 3);
  model.faulty = true;
  REQUIRE(run(*method, model, nullptr, 10).progress == Progress::diverged);
}

TEST_CASE("Coordinate ascent takes no minibatches") {
  GaussianBlocks model;
  const auto method = estimator("cavi", model, nullptr);
  const std::vector<Index> items = {0};
  VectorXd trace(3);
  Fit step{model, nullptr, nullptr, 0, stream(1), items};
  REQUIRE_THROWS_AS(method->step(step, trace), Unsupported);
}

TEST_CASE("Fixed draws of a Gaussian give the maximum of their own objective") {
  // With draws e of mean a and covariance C, the maximum is where m + L a and L C L^T are the
  // target's moments; the objective there is log evidence - 1/2 log |C|.
  GaussianTarget target = ill_conditioned();
  const auto q = family("gaussian_full_rank", 3);
  const auto method = estimator("fixed_draws", target, &*q);
  const Ended end = run(*method, target, &*q, 300);
  REQUIRE(end.progress == Progress::converged);
  MatrixXd noise(3, 30), z(3, 30);
  RandomStream same = stream(1, "init");
  same.fill_normal(noise);
  q->sample(noise, z, unwanted_vector());
  const VectorXd mean = z.rowwise().mean();
  const MatrixXd covariance = (z.colwise() - mean) * (z.colwise() - mean).transpose() / 30;
  const MatrixXd centred = noise.colwise() - noise.rowwise().mean().eval();
  REQUIRE(mean.isApprox(target.mean(), 1e-4));
  REQUIRE(covariance.isApprox(target.covariance(), 1e-3));
  REQUIRE(
      end.trace[0] ==
      Approx(-2 - 0.5 * std::log((centred * centred.transpose() / 30).determinant())).margin(1e-6));
}

TEST_CASE("Fixed draws come within the sampling error of the mean field's optimum") {
  GaussianTarget target = correlated(0.9);
  const auto q = family("gaussian_mean_field", 2);
  const auto method = estimator("fixed_draws", target, &*q, {{"draws", std::int64_t(500)}});
  const Ended end = run(*method, target, &*q, 300);
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(std::abs(end.trace[0] + 0.830366) < 5 * end.trace[1]);
  REQUIRE(kl_to(*q, target.mean(), target.covariance()) == Approx(0.830366).margin(0.02));
}

TEST_CASE("The objective over fixed draws never falls") {
  const auto funnel = model("funnel");
  const auto q = family("gaussian_mean_field", 10);
  const auto method = estimator("fixed_draws", *funnel, &*q);
  double last = -INFINITY;
  VectorXd trace(4);
  Progress progress = Progress::going;
  for (Index i = 0; i < 300 && progress == Progress::going; ++i) {
    Fit step{*funnel, &*q, nullptr, i, stream(1), {}};
    progress = method->step(step, trace);
    REQUIRE(trace[0] >= last - 1e-10 * std::abs(last));
    last = trace[0];
  }
  REQUIRE(progress == Progress::converged);
}

TEST_CASE("Fixed draws of German credit's mean field come near the known optimum") {
  const auto target = german_credit();
  if (!target) return;
  const auto q = family("gaussian_mean_field", 25);
  const auto method = estimator("fixed_draws", **target, &*q, {{"draws", std::int64_t(200)}});
  REQUIRE(run(*method, **target, &*q, 500).progress == Progress::converged);
  // P / (2 S) nats are lost to the noise that was fitted.
  const double found = elbo(**target, *q, 20000);
  REQUIRE(found < -531.7075 + 0.05);
  REQUIRE(found > -531.7075 - 0.5);
}

TEST_CASE("Fewer fixed draws than dimensions are refused for families with correlations") {
  GaussianTarget target(VectorXd::Zero(8), MatrixXd::Identity(8, 8));
  const auto full = family("gaussian_full_rank", 8), independent = family("gaussian_mean_field", 8);
  const OptionMap few = {{"draws", std::int64_t(8)}};
  REQUIRE_THROWS_AS(estimator("fixed_draws", target, &*full, few), OptionError);
  REQUIRE_NOTHROW(estimator("fixed_draws", target, &*independent, few));
}

}  // namespace deterministic_tests
