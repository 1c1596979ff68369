#include <Eigen/Eigenvalues>

#include "support/fit.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace flows_tests {

namespace {

const std::vector<std::string> names = {"planar",
                                        "radial",
                                        "real_nvp",
                                        "neural_spline",
                                        "masked_autoregressive",
                                        "inverse_autoregressive"};
const std::vector<std::string> with_networks = {"real_nvp", "neural_spline",
                                                "masked_autoregressive", "inverse_autoregressive"};

/// A member far from the identity, the same for the same seed. The thousands of numbers of networks
/// add up: larger changes make a map that differences cannot resolve.
Built<Family> member(const std::string& name, Index dimension, std::uint64_t seed = 1,
                     OptionMap options = {}) {
  options.emplace("initial_scale", 0.7);
  auto q = family(name, dimension, options);
  RandomStream numbers = stream(seed, "parameters");
  const double size = name == "planar" || name == "radial" ? 0.4 : 0.15;
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
    REQUIRE(jacobian.determinant() > 0);  // all of them keep the orientation
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
  const bool networks = name != "planar" && name != "radial";
  const auto q = member(name, 2, 1, networks ? OptionMap{{"layers", 4}} : OptionMap{});
  INFO(name);
  constexpr Index n = 701;
  const VectorXd axis = VectorXd::LinSpaced(n, -20, 20);
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

TEST_CASE("A flow's density in one dimension integrates to one, from either base") {
  const std::string name = GENERATE(from_range(with_networks));
  const std::string base = GENERATE("normal", "mixture");
  const auto q = member(name, 1, 4, {{"base", base}});
  INFO(name << " from " << base);
  const MatrixXd axis = VectorXd::LinSpaced(40001, -60, 60).transpose();
  VectorXd log_q(axis.cols());
  q->log_prob(axis, log_q);
  REQUIRE(log_q.array().exp().sum() * (axis(0, 1) - axis(0, 0)) == Approx(1).epsilon(1e-5));
}

TEST_CASE("A flow from a mixture has the mixture's density at the start, and its draws") {
  const auto q = family("real_nvp", 3, {{"base", std::string("mixture")}, {"components", 2}});
  constexpr Index draws = 40000;
  RandomStream numbers = stream(3);
  MatrixXd noise(4, draws), z(3, draws);
  fill_noise(q->noise(), numbers, noise);
  VectorXd log_q(draws), log_prob(draws);
  q->sample(noise, z, log_q);
  q->log_prob(z, log_prob);
  REQUIRE(log_q.isApprox(log_prob, 1e-12));
  // Unit Gaussians around two places, the same share of each: with half of their difference d, the
  // covariance is I + d d^T.
  const MatrixXd centred = z.colwise() - z.rowwise().mean();
  const MatrixXd rest = centred * centred.transpose() / double(draws) - MatrixXd::Identity(3, 3);
  const VectorXd values = Eigen::SelfAdjointEigenSolver<MatrixXd>(rest).eigenvalues();
  REQUIRE(std::abs(values[0]) < 0.05);
  REQUIRE(std::abs(values[1]) < 0.05);
  REQUIRE(values[2] > 0.1);
  REQUIRE_FALSE(q->transport_map());
}

TEST_CASE("Autoregressive flows follow the order of the coordinates") {
  const std::string name = GENERATE("masked_autoregressive", "inverse_autoregressive");
  const auto q = member(name, 5, 1, {{"order", std::string("same")}});
  const MatrixXd noise = normals(5, 1, 2);
  MatrixXd around = noise.replicate(1, 6), z(5, 6);
  for (Index i = 0; i < 5; ++i) around(i, i + 1) += 0.1;
  q->sample(around, z, unwanted_vector());
  for (Index j = 0; j < 5; ++j)
    for (Index i = 0; i < 5; ++i) {
      INFO(name << ": coordinate " << i << " by noise " << j);
      const double change = std::abs(z(i, j + 1) - z(i, 0));
      if (i < j) REQUIRE(change < 1e-13);
      if (i >= j) REQUIRE(change > 1e-9);
    }
}

TEST_CASE("One layer of a masked flow is the inverse of one of an inverse flow") {
  // With the same numbers, x = (y - t(x)) exp(-s(x)) against y = x exp(s(x)) + t(x).
  const auto masked = member("masked_autoregressive", 4, 1, {{"layers", 1}});
  const auto inverse = family("inverse_autoregressive", 4, {{"layers", 1}});
  // A network's last layer turned round: s -> -s, and without shifts.
  REQUIRE(masked->parameters().size() == inverse->parameters().size());
  for (const BlockInfo& block : masked->parameters().blocks()) {
    if (block.name != "layer_1_weights_3" && block.name != "layer_1_bias_3") continue;
    Parameters::Block<double> numbers{masked->parameters().f64().data() + block.offset, block.rows,
                                      block.cols};
    numbers.bottomRows(4).setZero();
  }
  masked->parameters().f64().head(8).setZero();
  inverse->parameters().f64() = masked->parameters().f64();
  for (const BlockInfo& block : inverse->parameters().blocks())
    if (block.name == "layer_1_weights_3" || block.name == "layer_1_bias_3")
      inverse->parameters().f64().segment(block.offset, block.rows * block.cols) *= -1;
  const MatrixXd e = normals(4, 6, 3);
  MatrixXd z(4, 6), back(4, 6);
  masked->sample(e, z, unwanted_vector());
  inverse->sample(z, back, unwanted_vector());
  REQUIRE((back - e).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("A flow that needs several passes one way gives every draw what it gets alone") {
  const std::string name = GENERATE("masked_autoregressive", "inverse_autoregressive");
  const auto q = member(name, 6, 3);
  const MatrixXd noise = normals(6, 7, 4);
  MatrixXd together(6, 7), alone(6, 1);
  VectorXd all(7), one(1);
  q->sample(noise, together, unwanted_vector());
  q->log_prob(together, all);
  for (Index s = 0; s < 7; ++s) {
    q->sample(noise.col(s), alone, unwanted_vector());
    REQUIRE(alone.isApprox(together.col(s), 1e-13));
    q->log_prob(alone, one);
    REQUIRE(one[0] == Approx(all[s]).epsilon(1e-12));
  }
}

TEST_CASE("Flows fit a correlated Gaussian that a mean field misses by 0.83 nats") {
  const auto [name, gap] = GENERATE(table<std::string, double>({{"planar", 0.1},
                                                                {"radial", 0.6},
                                                                {"real_nvp", 0.03},
                                                                {"neural_spline", 0.03},
                                                                {"masked_autoregressive", 0.03},
                                                                {"inverse_autoregressive", 0.03}}));
  GaussianTarget target = correlated(0.9);
  const auto q = family(name, 2);
  fit(target, *q, "reparameterized", {}, "adam", {{"learning_rate", 0.02}}, 4000);
  INFO(name << " " << elbo(target, *q));
  REQUIRE(elbo(target, *q) > -gap);
  REQUIRE(elbo(target, *q) < 0.01);
}

TEST_CASE("Flows of networks follow a curved ridge, couplings whichever way they split") {
  const auto [name, split] =
      GENERATE(table<std::string, std::string>({{"real_nvp", "halving"},
                                                {"real_nvp", "random"},
                                                {"neural_spline", "checkerboard"},
                                                {"masked_autoregressive", ""},
                                                {"inverse_autoregressive", ""}}));
  Banana target;
  OptionMap options;
  if (!split.empty()) options["split"] = split;
  const auto q = family(name, 2, options);
  fit(target, *q, "reparameterized", {}, "adam", {{"learning_rate", 0.01}}, 3000);
  INFO(name << " " << split << " " << elbo(target, *q));
  REQUIRE(elbo(target, *q) > -0.2);
  REQUIRE(elbo(target, *q) < 0.01);
}

TEST_CASE("Flows refuse widths that are not whole") {
  const std::string name = GENERATE(from_range(with_networks));
  REQUIRE_THROWS_AS(family(name, 3, {{"hidden", VectorXd((VectorXd(2) << 8, 4.5).finished())}}),
                    OptionError);
}

TEST_CASE("Flows take any number of hidden layers") {
  const std::string name = GENERATE(from_range(with_networks));
  for (const Index depth : {0, 1, 3}) {
    const auto q = family(name, 3, {{"hidden", VectorXd(VectorXd::Constant(depth, 7))}});
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
