#include "support/fit.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace flows_tests {

namespace {

const std::vector<std::string> names = {"planar", "radial", "real_nvp"};

/// A member far from the identity, the same for the same seed. The thousands of numbers of
/// RealNVP's networks add up: larger changes make a map that differences cannot resolve.
Built<Family> member(const std::string& name, Index dimension, std::uint64_t seed = 1) {
  auto q = family(name, dimension, {{"initial_scale", 0.7}});
  RandomStream numbers = stream(seed, "parameters");
  const double size = name == "real_nvp" ? 0.15 : 0.4;
  for (double& x : q->parameters().f64()) x += size * numbers.normal();
  return q;
}

MatrixXd normals(Index rows, Index cols, std::uint64_t seed) {
  MatrixXd out(rows, cols);
  stream(seed, "normals").fill_normal(out);
  return out;
}

VectorXd standard_log_density(const MatrixXd& e) {
  return -0.5 * (e.colwise().squaredNorm().transpose().array() + double(e.rows()) * log_2pi);
}

/// ELBO from fresh draws.
double elbo(Model& model, Family& q, Index draws = 20000) {
  MatrixXd z(q.dimension(), draws);
  VectorXd log_q(draws), log_p(draws);
  q.sample(normals(q.noise().rows(), draws, 77), z, log_q);
  model.density()->log_density(z, log_p);
  return (log_p - log_q).mean();
}

/// x_0 ~ N(0, 1), x_1 | x_0 ~ N(x_0^2, 0.3^2): a curved ridge, with log evidence 0.
class Banana final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = log_normal(z(0, s), 0, 1) + log_normal(z(1, s), z(0, s) * z(0, s), 0.3);
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) {
      const double pull = (z(1, s) - z(0, s) * z(0, s)) / 0.09;
      gradient(0, s) = -z(0, s) + 2 * z(0, s) * pull;
      gradient(1, s) = -pull;
    }
  }
};

}  // namespace

TEST_CASE("A flow starts as a Gaussian of the initial scale") {
  const auto q = family(GENERATE(from_range(names)), 4, {{"initial_scale", 0.3}});
  const MatrixXd noise = normals(4, 6, 1);
  MatrixXd z(4, 6);
  VectorXd log_q(6);
  q->sample(noise, z, log_q);
  REQUIRE(z.isApprox(0.3 * noise, 1e-13));
  const VectorXd expected = standard_log_density(noise).array() - 4 * std::log(0.3);
  REQUIRE(log_q.isApprox(expected, 1e-13));
}

TEST_CASE("A flow's log density is that of its noise less the log-determinant of its Jacobian") {
  const Index d = GENERATE(2, 5);
  const std::string name = GENERATE(from_range(names));
  const auto q = member(name, d);
  const MatrixXd noise = normals(d, 8, 2);
  INFO(name << " " << d);
  MatrixXd z(d, 8);
  VectorXd log_q(8);
  q->sample(noise, z, log_q);
  const VectorXd at_noise = standard_log_density(noise);
  constexpr double h = 1e-5;
  for (Index s = 0; s < 8; ++s) {
    MatrixXd around = noise.col(s).replicate(1, 2 * d), moved(d, 2 * d), jacobian(d, d);
    for (Index i = 0; i < d; ++i) around(i, i) += h, around(i, d + i) -= h;
    q->sample(around, moved, unwanted_vector());
    jacobian = (moved.leftCols(d) - moved.rightCols(d)) / (2 * h);
    REQUIRE(jacobian.determinant() > 0);
    REQUIRE(log_q[s] == Approx(at_noise[s] - std::log(jacobian.determinant())).margin(1e-7));
  }
}

TEST_CASE("A flow's inverse finds the noise of every draw") {
  const std::string name = GENERATE(from_range(names));
  const std::uint64_t seed = GENERATE(1, 2, 3);
  const auto q = member(name, 5, seed);
  const MatrixXd noise = 2 * normals(5, 50, 3);
  MatrixXd z(5, 50);
  VectorXd log_q(50), log_prob(50);
  q->sample(noise, z, log_q);
  q->log_prob(z, log_prob);
  INFO(name << "\n" << (log_q - log_prob).transpose());
  REQUIRE((log_q - log_prob).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("A flow's density integrates to one") {
  const std::string name = GENERATE(from_range(names));
  const auto q = member(name, 2);
  INFO(name);
  constexpr Index n = 401;
  const VectorXd axis = VectorXd::LinSpaced(n, -14, 14);
  MatrixXd column(2, n);
  column.row(1) = axis.transpose();
  VectorXd log_q(n);
  double sum = 0;
  for (const double x : axis) {
    column.row(0).setConstant(x);
    q->log_prob(column, log_q);
    sum += log_q.array().exp().sum();
  }
  const double step = axis[1] - axis[0];
  REQUIRE(sum * step * step == Approx(1).epsilon(1e-3));
}

TEST_CASE("Flows fit a correlated Gaussian that a mean field misses by 0.83 nats") {
  const auto [name, gap] =
      GENERATE(table<std::string, double>({{"planar", 0.1}, {"radial", 0.6}, {"real_nvp", 0.03}}));
  GaussianTarget target = correlated(0.9);
  const auto q = family(name, 2);
  fit(target, *q, "reparameterized", {}, "adam", {{"learning_rate", 0.02}}, 4000);
  INFO(name << " " << elbo(target, *q));
  REQUIRE(elbo(target, *q) > -gap);
  REQUIRE(elbo(target, *q) < 0.01);
}

TEST_CASE("RealNVP follows a curved ridge whichever way it splits") {
  const std::string split = GENERATE("halves", "random");
  Banana target;
  const auto q = family("real_nvp", 2, {{"split", split}});
  fit(target, *q, "reparameterized", {}, "adam", {{"learning_rate", 0.02}}, 3000);
  INFO(split << " " << elbo(target, *q));
  REQUIRE(elbo(target, *q) > -0.2);
  REQUIRE(elbo(target, *q) < 0.01);
}

TEST_CASE("RealNVP refuses widths that are not whole") {
  REQUIRE_THROWS_AS(
      family("real_nvp", 3, {{"hidden", VectorXd((VectorXd(2) << 8, 4.5).finished())}}),
      OptionError);
}

TEST_CASE("RealNVP takes any number of hidden layers") {
  for (const Index depth : {0, 1, 3}) {
    const auto q = family("real_nvp", 3, {{"hidden", VectorXd(VectorXd::Constant(depth, 7))}});
    const MatrixXd noise = normals(3, 4, 5);
    MatrixXd z(3, 4);
    VectorXd log_q(4), log_prob(4);
    for (double& x : q->parameters().f64()) x += 0.1;
    q->sample(noise, z, log_q);
    q->log_prob(z, log_prob);
    REQUIRE(log_q.isApprox(log_prob, 1e-9));
  }
}

}  // namespace flows_tests
