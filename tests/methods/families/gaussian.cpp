#include <Eigen/LU>

#include "support/plugin_under_test.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

const std::vector<std::string> names = {"gaussian_mean_field", "gaussian_full_rank",
                                        "gaussian_low_rank"};

/// Some member of the family, the same for the same seed.
Built<Family> member(const std::string& name, Index dimension, std::uint64_t seed = 1) {
  auto q = family(name, dimension);
  RandomStream numbers = stream(seed, "parameters");
  for (double& x : q->parameters().f64()) x = 0.5 * numbers.normal();
  return q;
}

MatrixXd normals(Index rows, Index cols, std::uint64_t seed) {
  MatrixXd out(rows, cols);
  stream(seed, "normals").fill_normal(out);
  return out;
}

/// The points of a fine grid over [-side, side]^D, D = 1 or 2, and the volume of one of its cells.
struct Grid {
  MatrixXd points;
  double cell;
};
Grid grid(Index dimension, double side = 14, Index n = 701) {
  const VectorXd axis = VectorXd::LinSpaced(n, -side, side);
  const double step = axis[1] - axis[0];
  if (dimension == 1) return {axis.transpose(), step};
  MatrixXd points(2, n * n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) points.col(i * n + j) << axis[i], axis[j];
  return {points, step * step};
}

VectorXd log_prob(Family& q, Draws z) {
  VectorXd log_q(z.cols());
  q.log_prob(z, log_q);
  return log_q;
}

/// Central differences of f with respect to the family's parameters.
template <class F>
VectorXd parameter_differences(Family& q, F f) {
  VectorXd out(q.parameters().f64().size());
  for (Index i = 0; i < out.size(); ++i) {
    constexpr double step = 1e-5;
    const double here = q.parameters().f64()[i];
    q.parameters().f64()[i] = here + step;
    const double above = f();
    q.parameters().f64()[i] = here - step;
    const double below = f();
    q.parameters().f64()[i] = here;
    out[i] = (above - below) / (2 * step);
  }
  return out;
}

void require_close(const VectorXd& a, const VectorXd& b, double tolerance) {
  REQUIRE(a.size() == b.size());
  INFO("found\n" << a.transpose() << "\nexpected\n" << b.transpose());
  REQUIRE((a - b).cwiseAbs().maxCoeff() < tolerance * (1 + b.cwiseAbs().maxCoeff()));
}

}  // namespace

TEST_CASE("A Gaussian family's density integrates to one") {
  const std::string name = GENERATE(from_range(names));
  const Index dimension = GENERATE(1, 2);
  const auto q = member(name, dimension);
  const Grid points = grid(dimension);
  REQUIRE(log_prob(*q, points.points).array().exp().sum() * points.cell == Approx(1).epsilon(1e-9));
}

TEST_CASE("A Gaussian family's log_q of its draws is the log_prob of these points") {
  const auto q = member(GENERATE(from_range(names)), 5);
  const MatrixXd noise = normals(q->noise().rows(), 7, 1);
  MatrixXd z(5, 7);
  VectorXd log_q(7);
  q->sample(noise, z, log_q);
  require_close(log_q, log_prob(*q, z), 1e-13);
}

TEST_CASE("A Gaussian family's draws have the mean and covariance of its Gaussian form") {
  // Noise at plus and minus the R unit vectors has the moments of a standard normal up to the
  // factor R, and sample() is affine in the noise, so that the check is exact.
  constexpr Index d = 4;
  const auto q = member(GENERATE(from_range(names)), d);
  const Index rows = q->noise().rows();
  MatrixXd noise(rows, 2 * rows), z(d, 2 * rows), covariance(d, d);
  noise << MatrixXd::Identity(rows, rows), -MatrixXd::Identity(rows, rows);
  VectorXd mean(d);
  q->sample(noise, z, unwanted_vector());
  q->gaussian_form()->moments(mean, covariance);
  require_close(z.rowwise().mean(), mean, 1e-14);
  const MatrixXd centred = z.colwise() - mean;
  const MatrixXd found = 0.5 * centred * centred.transpose();
  REQUIRE((found - covariance).norm() < 1e-14 * covariance.norm());
}

TEST_CASE("A Gaussian family starts with the initial scale in every coordinate") {
  const auto q =
      family(GENERATE("gaussian_mean_field", "gaussian_full_rank"), 3, {{"initial_scale", 0.25}});
  VectorXd mean(3);
  MatrixXd covariance(3, 3);
  q->gaussian_form()->moments(mean, covariance);
  REQUIRE(mean.isZero());
  REQUIRE(covariance.isApprox(0.0625 * MatrixXd::Identity(3, 3), 1e-14));
}

TEST_CASE("The pull-back of a Gaussian family's sample agrees with finite differences") {
  constexpr Index d = 4, draws = 6;
  const auto q = member(GENERATE(from_range(names)), d);
  const MatrixXd noise = normals(q->noise().rows(), draws, 2), g_z = normals(d, draws, 3);
  const bool with_log_q = GENERATE(true, false);
  const VectorXd g_log_q = with_log_q ? VectorXd(normals(draws, 1, 4)) : VectorXd::Zero(draws);
  MatrixXd z(d, draws);
  VectorXd log_q(draws);
  const auto value = [&] {
    q->sample(noise, z, log_q);
    return z.cwiseProduct(g_z).sum() + log_q.dot(g_log_q);
  };
  const VectorXd expected = parameter_differences(*q, value);
  q->sample(noise, z, with_log_q ? VectorOut(log_q) : VectorOut(unwanted_vector()));
  Gradient phi(q->parameters());
  if (with_log_q)
    q->sample_pullback(g_z, g_log_q, phi.out());
  else
    q->sample_pullback(g_z, unwanted_vector(), phi.out());
  require_close(phi.f64(), expected, 1e-8);
}

TEST_CASE("The pull-back of a Gaussian family's log_prob agrees with finite differences") {
  constexpr Index d = 4, draws = 6;
  const auto q = member(GENERATE(from_range(names)), d);
  const MatrixXd z = normals(d, draws, 5);
  const VectorXd w = normals(draws, 1, 6);
  Gradient phi(q->parameters());
  MatrixXd g_z(d, draws);
  log_prob(*q, z);
  q->log_prob_pullback(w, phi.out(), g_z);
  require_close(phi.f64(), parameter_differences(*q, [&] { return log_prob(*q, z).dot(w); }), 1e-8);

  MatrixXd differences(d, draws);
  for (Index s = 0; s < draws; ++s)
    for (Index i = 0; i < d; ++i) {
      MatrixXd above = z, below = z;
      above(i, s) += 1e-5;
      below(i, s) -= 1e-5;
      differences(i, s) = w.dot(log_prob(*q, above) - log_prob(*q, below)) / 2e-5;
    }
  require_close(g_z.reshaped(), differences.reshaped(), 1e-8);
}

TEST_CASE("A Gaussian family's pull-backs add, and leave out what is not wanted") {
  constexpr Index d = 3, draws = 5;
  const auto q = member(GENERATE(from_range(names)), d);
  const MatrixXd noise = normals(q->noise().rows(), draws, 7), g_z = normals(d, draws, 8);
  const VectorXd w = normals(draws, 1, 9);
  MatrixXd z(d, draws), with_phi(d, draws), alone(d, draws);
  q->sample(noise, z, unwanted_vector());
  Gradient once(q->parameters()), twice(q->parameters());
  q->sample_pullback(g_z, w, once.out());
  log_prob(*q, z);
  q->log_prob_pullback(w, once.out(), with_phi);
  q->log_prob_pullback(w, {}, alone);
  for (int i = 0; i < 2; ++i) {
    q->sample_pullback(g_z, w, twice.out());
    q->log_prob_pullback(w, twice.out(), unwanted());
  }
  REQUIRE(alone == with_phi);
  require_close(twice.f64(), 2 * VectorXd(once.f64()), 1e-14);
}

TEST_CASE("A log_prob between a sample and its pull-back does not disturb it") {
  constexpr Index d = 3;
  const auto q = member(GENERATE(from_range(names)), d);
  const MatrixXd noise = normals(q->noise().rows(), 4, 10), g_z = normals(d, 4, 11);
  MatrixXd z(d, 4);
  Gradient straight(q->parameters()), interrupted(q->parameters());
  q->sample(noise, z, unwanted_vector());
  q->sample_pullback(g_z, unwanted_vector(), straight.out());
  q->sample(noise, z, unwanted_vector());
  log_prob(*q, normals(d, 9, 12));
  q->sample_pullback(g_z, unwanted_vector(), interrupted.out());
  REQUIRE(straight.f64() == interrupted.f64());
}

TEST_CASE("A Gaussian family's columns do not depend on their block") {
  constexpr Index d = 5, draws = 9;
  const auto q = member(GENERATE(from_range(names)), d);
  const MatrixXd noise = normals(q->noise().rows(), draws, 13);
  MatrixXd z(d, draws), one(d, 1);
  VectorXd log_q(draws), log_q_one(1);
  q->sample(noise, z, log_q);
  for (Index s = 0; s < draws; ++s) {
    q->sample(noise.col(s), one, log_q_one);
    require_close(one, z.col(s), 1e-14);
    require_close(log_q_one, log_q.segment(s, 1), 1e-13);
  }
}

TEST_CASE("A Gaussian family's closed entropy is the integral of -q log q") {
  const std::string name = GENERATE(from_range(names));
  const Index dimension = GENERATE(1, 2);
  const auto q = member(name, dimension);
  const Grid points = grid(dimension);
  const VectorXd log_q = log_prob(*q, points.points);
  REQUIRE(q->closed_entropy()->entropy() ==
          Approx(-log_q.array().exp().matrix().dot(log_q) * points.cell).epsilon(1e-9));
  Gradient phi(q->parameters());
  q->closed_entropy()->entropy_pullback(0.7, phi.out());
  require_close(phi.f64(),
                parameter_differences(*q, [&] { return 0.7 * q->closed_entropy()->entropy(); }),
                1e-9);
}

TEST_CASE("A Gaussian family's closed KL is the integral of q log q/q'") {
  const std::string name = GENERATE(from_range(names));
  const auto q = member(name, 2, 1), other = member(name, 2, 2);
  const Grid points = grid(2);
  const VectorXd log_q = log_prob(*q, points.points);
  const VectorXd difference = log_q - log_prob(*other, points.points);
  REQUIRE(q->closed_kl()->kl(other->parameters()) ==
          Approx(log_q.array().exp().matrix().dot(difference) * points.cell).epsilon(1e-9));
}

TEST_CASE("KL of N(0,1) and N(1,4) has the textbook's values in both directions") {
  const std::string name = GENERATE("gaussian_mean_field", "gaussian_full_rank");
  const auto a = family(name, 1), b = family(name, 1, {{"initial_scale", 2.0}});
  b->parameters().f64()[0] = 1;
  REQUIRE(a->closed_kl()->kl(b->parameters()) == Approx(0.4431471806).epsilon(1e-10));
  REQUIRE(b->closed_kl()->kl(a->parameters()) == Approx(1.3068528194).epsilon(1e-10));
  REQUIRE(a->closed_kl()->kl(a->parameters()) == 0);
}

TEST_CASE("The closed KL is that of the Gaussian forms") {
  const std::string name = GENERATE(from_range(names));
  const auto q = member(name, 6, 3), other = member(name, 6, 4);
  VectorXd m1(6), m2(6);
  MatrixXd s1(6, 6), s2(6, 6);
  q->gaussian_form()->moments(m1, s1);
  other->gaussian_form()->moments(m2, s2);
  REQUIRE(q->closed_kl()->kl(other->parameters()) ==
          Approx(gaussian_kl(m1, s1, m2, s2)).epsilon(1e-11));
}

TEST_CASE("The mean of grad log q is zero") {
  const auto q = member(GENERATE(from_range(names)), 2);
  const Grid points = grid(2);
  const VectorXd density = log_prob(*q, points.points).array().exp() * points.cell;
  Gradient phi(q->parameters());
  q->log_prob_pullback(density, phi.out(), unwanted());
  REQUIRE(phi.f64().cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("The mean field's natural gradient solves with the Fisher matrix") {
  const auto q = member("gaussian_mean_field", 1);
  const Grid points = grid(1, 14, 20001);
  const VectorXd density = log_prob(*q, points.points).array().exp() * points.cell;
  Eigen::Matrix2d fisher = Eigen::Matrix2d::Zero();
  for (Index s = 0; s < density.size(); ++s) {
    Gradient score(q->parameters());
    log_prob(*q, points.points.col(s));
    q->log_prob_pullback(VectorXd::Ones(1), score.out(), unwanted());
    fisher += density[s] * score.f64() * score.f64().transpose();
  }
  Gradient gradient(q->parameters());
  gradient.f64() << 0.3, -1.2;
  const VectorXd expected = fisher.inverse() * gradient.f64();
  q->natural_gradient()->precondition(gradient.out());
  require_close(gradient.f64(), expected, 1e-8);

  const VectorXd before = q->parameters().f64();
  q->natural_gradient()->retract(gradient.out(), 0.5);
  require_close(q->parameters().f64(), before + 0.5 * expected, 1e-8);
}

TEST_CASE("Natural-gradient steps of the mean field converge to a Gaussian target") {
  const auto q = family("gaussian_mean_field", 1);
  const double target_mean = 3, target_sd = 0.5;
  for (int i = 0; i < 200; ++i) {
    const double m = q->parameters().f64()[0], s2 = std::exp(2 * q->parameters().f64()[1]);
    Gradient gradient(q->parameters());
    gradient.f64() << (target_mean - m) / (target_sd * target_sd), 1 - s2 / (target_sd * target_sd);
    q->natural_gradient()->precondition(gradient.out());
    q->natural_gradient()->retract(gradient.out(), 0.2);
  }
  REQUIRE(q->parameters().f64()[0] == Approx(target_mean).epsilon(1e-10));
  REQUIRE(std::exp(q->parameters().f64()[1]) == Approx(target_sd).epsilon(1e-10));
}
