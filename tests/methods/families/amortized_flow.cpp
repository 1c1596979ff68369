#include <Eigen/LU>

#include "support/plugin_under_test.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;

namespace amortized_flow_tests {

namespace {

const std::vector<std::string> maps = {"affine", "spline"};

MatrixXd normals(Index rows, Index cols, std::uint64_t seed) {
  MatrixXd out(rows, cols);
  stream(seed, "normals").fill_normal(out);
  return out;
}

Built<Family> member(const std::string& map, Index dimension, Index context) {
  auto q = family("amortized_flow", dimension, {{"map", map}, {"initial_scale", 0.7}}, 1, context);
  RandomStream numbers = stream(2, "parameters");
  for (double& x : q->parameters().f64()) x += 0.15 * numbers.normal();
  return q;
}

}  // namespace

TEST_CASE("An amortised flow starts as one Gaussian whatever the context") {
  const std::string map = GENERATE(from_range(maps));
  const auto q = family("amortized_flow", 3, {{"map", map}, {"initial_scale", 0.3}}, 1, 4);
  q->conditional()->bind(normals(4, 5, 1).cast<float>(), 2);
  const MatrixXd noise = normals(3, 10, 2);
  MatrixXd z(3, 10);
  VectorXd log_q(10);
  q->sample(noise, z, log_q);
  REQUIRE(z.isApprox(0.3 * noise, 1e-12));
}

TEST_CASE("An amortised flow's density integrates to one for every context") {
  const std::string map = GENERATE(from_range(maps));
  const Index context = GENERATE(0, 1, 2);
  const auto q = member(map, 1, 3);
  const MatrixXd axis = VectorXd::LinSpaced(40001, -60, 60).transpose();
  q->conditional()->bind(normals(3, 3, 3).col(context).cast<float>(), axis.cols());
  VectorXd log_q(axis.cols());
  q->log_prob(axis, log_q);
  REQUIRE(log_q.array().exp().sum() * (axis(0, 1) - axis(0, 0)) == Approx(1).epsilon(1e-5));
}

TEST_CASE("An amortised flow's log density is less the log-determinant of its Jacobian") {
  const std::string map = GENERATE(from_range(maps));
  constexpr Index d = 4;
  const auto q = member(map, d, 2);
  const MatrixXf context = normals(2, 1, 4).cast<float>();
  const MatrixXd e = normals(d, 1, 5);
  MatrixXd around = e.replicate(1, 2 * d), moved(d, 2 * d), z(d, 1);
  constexpr double h = 1e-5;
  for (Index i = 0; i < d; ++i) around(i, i) += h, around(i, d + i) -= h;
  q->conditional()->bind(context, 2 * d);
  q->sample(around, moved, unwanted_vector());
  const MatrixXd jacobian = (moved.leftCols(d) - moved.rightCols(d)) / (2 * h);
  q->conditional()->bind(context, 1);
  VectorXd log_q(1);
  q->sample(e, z, log_q);
  const double expected = -0.5 * (e.squaredNorm() + double(d) * log_2pi);
  REQUIRE(log_q[0] == Approx(expected - std::log(jacobian.determinant())).margin(1e-7));
}

TEST_CASE("An amortised flow's gradient by the context agrees with differences, item by item") {
  const std::string map = GENERATE(from_range(maps));
  const auto q = member(map, 2, 3);
  MatrixXf context = normals(3, 2, 6).cast<float>();
  const MatrixXd noise = normals(2, 6, 7), g_z = normals(2, 6, 8);
  const VectorXd g_log_q = normals(6, 1, 9);
  MatrixXd z(2, 6);
  VectorXd log_q(6);
  const auto objective = [&] {
    q->conditional()->bind(context, 3, true);
    q->sample(noise, z, log_q);
    return g_z.cwiseProduct(z).sum() + g_log_q.dot(log_q);
  };
  objective();
  Gradient phi(q->parameters());
  q->sample_pullback(g_z, g_log_q, phi.out());
  MatrixXf found(3, 2);
  q->conditional()->context_gradient(found);
  constexpr float h = 1.0f / 1024;
  for (Index b = 0; b < 2; ++b)
    for (Index i = 0; i < 3; ++i) {
      const float kept = context(i, b);
      context(i, b) = kept + h;
      const double right = objective(), above = context(i, b);
      context(i, b) = kept - h;
      const double slope = (right - objective()) / (above - double(context(i, b)));
      context(i, b) = kept;
      REQUIRE(found(i, b) == Approx(slope).epsilon(1e-3).margin(1e-3));
    }
}

// Maximising E log q(z | x) over pairs from the joint (an inclusive KL, averaged over x) leads to
// the posterior. z ~ N(0, 1), x | z ~ N(z, 1): N(x / 2, 1 / 2).
TEST_CASE("An amortised flow learns the posterior of a linear Gaussian model") {
  const std::string map = GENERATE(from_range(maps));
  const auto q = family("amortized_flow", 1, {{"map", map}}, 1, 1);
  Parameters* trained[] = {&q->parameters()};
  constexpr Index pairs = 100, steps = 1500;
  const auto moves = optimizer("adam", trained, {{"learning_rate", 0.01}}, steps);
  Gradient gradient(q->parameters());
  const Gradient* gradients[] = {&gradient};
  const VectorXd weights = VectorXd::Constant(pairs, 1 / double(pairs));
  VectorXd log_q(pairs);
  for (Index step = 0; step < steps; ++step) {
    const MatrixXd numbers = normals(2, pairs, 100 + std::uint64_t(step));
    const MatrixXd z = numbers.row(0), x = numbers.row(0) + numbers.row(1);
    q->conditional()->bind(x.cast<float>(), 1);
    q->log_prob(z, log_q);
    gradient.set_zero();
    q->log_prob_pullback(weights, gradient.out(), unwanted());
    moves->step(gradients);
  }
  const Index draws = 4000;
  MatrixXd z(1, draws);
  for (const double x : {-1.5, 0.0, 2.0}) {
    q->conditional()->bind(MatrixXf::Constant(1, 1, float(x)), draws);
    q->sample(normals(1, draws, 7), z, unwanted_vector());
    INFO(map << " at " << x);
    REQUIRE(z.mean() == Approx(0.5 * x).margin(0.1));
    REQUIRE(std::sqrt((z.array() - z.mean()).square().mean()) ==
            Approx(std::sqrt(0.5)).margin(0.07));
  }
}

TEST_CASE("An amortised flow refuses more draws than its contexts have") {
  const auto q = family("amortized_flow", 2, {}, 1, 1);
  q->conditional()->bind(MatrixXf::Zero(1, 3), 2);
  MatrixXd z(2, 7);
  REQUIRE_THROWS_AS(q->sample(MatrixXd::Zero(2, 7), z, unwanted_vector()), Error);
}

}  // namespace amortized_flow_tests
