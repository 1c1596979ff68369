#include "support/fit.hpp"
#include "support/gaussian_target.hpp"
#include "support/german_credit.hpp"
#include "support/half_normal.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace pathfinder_tests {

namespace {

struct Ended {
  Progress progress = Progress::going;
  Index steps = 0;
  VectorXd trace = VectorXd(4);  ///< objective, ELBO of the path, length, best iterate
};
Ended run(Estimator& method, Model& model) {
  Ended end;
  while (end.progress == Progress::going) {
    Fit step{
        model, nullptr, nullptr, end.steps, stream(1, "fit").substream(std::uint64_t(end.steps)),
        {}};
    end.progress = method.step(step, end.trace);
    ++end.steps;
  }
  return end;
}
Family& approximation(Estimator& method, Model& model) {
  Fit step{model, nullptr, nullptr, 0, stream(1), {}};
  return *method.approximation(step);
}

const OptionMap one_path = {{"paths", std::int64_t(1)}};

GaussianTarget gaussian(Index d) {
  MatrixXd covariance = MatrixXd::Constant(d, d, 0.4);
  covariance.diagonal().setLinSpaced(d, 1, 3);
  return {VectorXd::LinSpaced(d, 4, -4), covariance, 1.5};
}

/// Two bumps of sd 0.5 at -3 and 3 in the first coordinate, N(0, 1) in the second.
class TwoBumps final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double near = log_normal(std::abs(z(0, s)), 3, 0.5),
                   far = log_normal(-std::abs(z(0, s)), 3, 0.5);
      log_p[s] = near + std::log1p(std::exp(far - near)) - std::log(2) + log_normal(z(1, s), 0, 1);
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient.row(0) = -4 * z.row(0).array() + 12 * (12 * z.row(0).array()).tanh();
    gradient.row(1) = -z.row(1);
  }
};

}  // namespace

TEST_CASE("A path to a Gaussian in one dimension finds it exactly") {
  GaussianTarget target(VectorXd::Constant(1, -3), MatrixXd::Constant(1, 1, 0.04), 2);
  const auto method = estimator("pathfinder", target, nullptr, one_path);
  const Ended end = run(*method, target);
  REQUIRE(end.progress == Progress::converged);
  REQUIRE(kl_to(approximation(*method, target), target.mean(), target.covariance()) < 1e-10);
  REQUIRE(end.trace[0] == Approx(2).epsilon(1e-8));
}

TEST_CASE("A path to a Gaussian comes near it with enough history") {
  const Index d = GENERATE(3, 8);
  GaussianTarget target = gaussian(d);
  OptionMap options = one_path;
  options["history"] = std::int64_t(2 * d);
  const auto method = estimator("pathfinder", target, nullptr, options);
  const Ended end = run(*method, target);
  REQUIRE(end.progress == Progress::converged);
  const double kl = kl_to(approximation(*method, target), target.mean(), target.covariance());
  INFO(d << " " << kl << " " << end.trace.transpose());
  REQUIRE(kl < 0.05);
}

TEST_CASE("A path's Gaussian is consistent with itself") {
  GaussianTarget target = gaussian(6);
  OptionMap options = one_path;
  options["history"] = std::int64_t(2);
  const auto method = estimator("pathfinder", target, nullptr, options);
  run(*method, target);
  Family& q = approximation(*method, target);
  VectorXd mean(6);
  MatrixXd covariance(6, 6);
  q.gaussian_form()->moments(mean, covariance);
  // Draws at plus and minus the unit vectors have the moments of the noise up to the factor D.
  MatrixXd noise = MatrixXd::Constant(7, 12, 0.5), z(6, 12);
  noise.topLeftCorner(6, 6).setIdentity();
  noise.topRightCorner(6, 6) = -MatrixXd::Identity(6, 6);
  VectorXd log_q(12), log_prob(12);
  q.sample(noise, z, log_q);
  q.log_prob(z, log_prob);
  REQUIRE(z.rowwise().mean().isApprox(mean, 1e-10));
  const MatrixXd centred = z.colwise() - mean;
  REQUIRE((0.5 * centred * centred.transpose()).isApprox(covariance, 1e-10));
  // Every one of these points is one standard deviation out.
  const double expected = -0.5 * (1 + 6 * log_2pi + std::log(covariance.determinant()));
  REQUIRE((log_q.array() - expected).abs().maxCoeff() < 1e-9);
  REQUIRE(log_prob.isApprox(log_q, 1e-12));
}

TEST_CASE("Several paths mix their Gaussians and find several modes") {
  TwoBumps target;
  const auto method = estimator("pathfinder", target, nullptr, {{"paths", std::int64_t(8)}});
  REQUIRE(run(*method, target).steps == 8);
  Family& q = approximation(*method, target);
  REQUIRE(q.gaussian_form() == nullptr);
  MatrixXd noise(3, 4000), z(2, 4000);
  VectorXd log_q(4000), log_p(4000);
  RandomStream numbers = stream(2);
  fill_noise(q.noise(), numbers, noise);
  q.sample(noise, z, log_q);
  target.log_density(z, log_p);
  REQUIRE((z.row(0).array() > 2).count() > 200);
  REQUIRE((z.row(0).array() < -2).count() > 200);
  // The mixture is a normalised density that covers the target: its weights average to 1.
  REQUIRE(std::exp(log_mean_exp(log_p - log_q)) == Approx(1).margin(0.1));
}

TEST_CASE("The mixture's pull-backs agree with differences") {
  TwoBumps target;
  const auto method = estimator("pathfinder", target, nullptr, {{"paths", std::int64_t(3)}});
  run(*method, target);
  Family& q = approximation(*method, target);
  MatrixXd z(2, 5), g_z(2, 5);
  stream(4).fill_normal(z);
  const VectorXd w = VectorXd::LinSpaced(5, -1, 2);
  VectorXd log_q(5);
  const auto value = [&](const MatrixXd& at) {
    q.log_prob(at, log_q);
    return log_q.dot(w);
  };
  Gradient phi(q.parameters());
  value(z);
  q.log_prob_pullback(w, phi.out(), g_z);
  for (Index i = 0; i < 10; ++i) {
    MatrixXd above = z, below = z;
    above.reshaped()[i] += 1e-6;
    below.reshaped()[i] -= 1e-6;
    REQUIRE(g_z.reshaped()[i] ==
            Approx((value(above) - value(below)) / 2e-6).epsilon(1e-5).margin(1e-6));
  }
  for (Index i = 0; i < q.parameters().size(); ++i) {
    const double here = q.parameters().f64()[i];
    q.parameters().f64()[i] = here + 1e-6;
    const double above = value(z);
    q.parameters().f64()[i] = here - 1e-6;
    const double below = value(z);
    q.parameters().f64()[i] = here;
    REQUIRE(phi.f64()[i] == Approx((above - below) / 2e-6).epsilon(1e-5).margin(1e-6));
  }
}

TEST_CASE("Paths through German credit come near the best full-rank Gaussian") {
  const auto target = german_credit();
  if (!target) return;
  const auto method = estimator("pathfinder", **target, nullptr);
  const Ended end = run(*method, **target);
  REQUIRE(end.progress == Progress::converged);
  // No Gaussian is above -529.2021; 25 draws leave an error of about sqrt(D / 2 / 25).
  INFO(end.trace.transpose());
  REQUIRE(end.trace[0] < -529.2021 + 4);
  REQUIRE(end.trace[0] > -529.2021 - 8);
}

TEST_CASE("A path that begins without density is reported") {
  HalfNormal target;
  std::uint64_t seed = 1;
  while (stream(seed).uniform() > 0.5) ++seed;  // the first uniform number is the start's place
  const auto method = estimator("pathfinder", target, nullptr, one_path);
  VectorXd trace(4);
  Fit step{target, nullptr, nullptr, 0, stream(seed), {}};
  REQUIRE(method->step(step, trace) == Progress::non_finite);
}

}  // namespace pathfinder_tests
