#include "support/fit.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace gaussian_mixture_tests {

namespace {

/// sum_k w_k prod_d N(z_d; m_kd, s_kd^2), written out.
class Mixture final : public Model, public Density {
 public:
  /// @param w  [K]   @param m, s  [K x D]
  Mixture(VectorXd w, MatrixXd m, MatrixXd s)
      : w_(std::move(w)), m_(std::move(m)), s_(std::move(s)) {}
  Density* density() override { return this; }
  Index dimension() const override { return m_.cols(); }
  std::vector<Variable> variables() const override { return {{"z", {m_.cols()}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    VectorXd terms(w_.size());
    for (Index s = 0; s < z.cols(); ++s) {
      for (Index k = 0; k < w_.size(); ++k) {
        terms[k] = std::log(w_[k]);
        for (Index d = 0; d < z.rows(); ++d) terms[k] += log_normal(z(d, s), m_(k, d), s_(k, d));
      }
      log_p[s] = log_sum_exp(terms);
      if (gradient.size() == 0) continue;
      gradient.col(s).setZero();
      for (Index k = 0; k < w_.size(); ++k)
        for (Index d = 0; d < z.rows(); ++d)
          gradient(d, s) -=
              std::exp(terms[k] - log_p[s]) * (z(d, s) - m_(k, d)) / (s_(k, d) * s_(k, d));
    }
  }

 private:
  VectorXd w_;
  MatrixXd m_, s_;
};

Built<Family> mixture(Index components, Index dimension, OptionMap options = {}) {
  options["components"] = std::int64_t(components);
  return family("gaussian_mixture", dimension, std::move(options));
}

/// Puts a family at these weights, means and sds.
void place(Family& q, const VectorXd& w, const MatrixXd& m, const MatrixXd& s) {
  auto phi = q.parameters().f64();
  phi.head(w.size()) = w.array().log() + 3;  // a constant does not matter
  phi.segment(w.size(), m.size()) = m.reshaped();
  phi.tail(s.size()) = s.array().log().reshaped();
}

VectorXd weights(Index components) {
  VectorXd w = VectorXd::LinSpaced(components, 1, 2);
  return w / w.sum();
}

double elbo(Model& model, Family& q) {
  constexpr Index draws = 20000;
  MatrixXd noise(q.noise().rows(), draws), z(q.dimension(), draws);
  VectorXd log_q(draws), log_p(draws);
  stream(77).fill_normal(noise);
  q.sample(noise, z, log_q);
  model.density()->log_density(z, log_p);
  return (log_p - log_q).mean();
}

}  // namespace

TEST_CASE("A mixture starts at mean zero and the initial scale, with components that differ") {
  const Index k = GENERATE(1, 2, 5);
  const auto q = mixture(k, 3, {{"initial_scale", 0.25}});
  const VectorXd phi = q->parameters().f64();
  REQUIRE(phi.head(k) == VectorXd::Zero(k));
  const MatrixXd m = phi.segment(k, 3 * k).reshaped(k, 3);
  const MatrixXd s = phi.tail(3 * k).array().exp().matrix().reshaped(k, 3);
  for (Index d = 0; d < 3; ++d) {
    REQUIRE(m.col(d).mean() == Approx(0).margin(1e-15));
    REQUIRE(m.col(d).cwiseAbs2().mean() + s.col(d).cwiseAbs2().mean() == Approx(0.0625));
    for (Index i = 0; i < k; ++i)
      for (Index j = 0; j < i; ++j) REQUIRE(std::abs(m(i, d) - m(j, d)) > 1e-6);
  }
}

TEST_CASE("A mixture's density is the sum over its components and integrates to one") {
  const VectorXd w = weights(3);
  const MatrixXd m = (MatrixXd(3, 2) << -2, 1, 0, 0, 3, -1).finished();
  const MatrixXd s = (MatrixXd(3, 2) << 0.5, 1, 2, 0.3, 1, 1).finished();
  const auto q = mixture(3, 2);
  place(*q, w, m, s);
  Mixture expected(w, m, s);
  constexpr Index n = 501;
  const VectorXd axis = VectorXd::LinSpaced(n, -16, 16);
  MatrixXd column(2, n);
  column.row(1) = axis.transpose();
  VectorXd log_q(n), log_p(n);
  double sum = 0;
  for (const double x : axis) {
    column.row(0).setConstant(x);
    q->log_prob(column, log_q);
    expected.log_density(column, log_p);
    REQUIRE((log_q - log_p).cwiseAbs().maxCoeff() < 1e-10);
    sum += log_q.array().exp().sum();
  }
  const double step = axis[1] - axis[0];
  REQUIRE(sum * step * step == Approx(1).epsilon(1e-9));
}

TEST_CASE("A mixture's draws have its distribution function, in both tails and between far modes") {
  const double apart = GENERATE(0.1, 1.0, 30.0, 1e4);
  const VectorXd w = weights(3);
  const MatrixXd m = apart * (MatrixXd(3, 1) << -2, 0, 3).finished();
  const MatrixXd s = (MatrixXd(3, 1) << 0.5, 2, 1).finished();
  const auto q = mixture(3, 1);
  place(*q, w, m, s);
  constexpr Index n = 161;
  const MatrixXd e = VectorXd::LinSpaced(n, -8, 8).transpose();
  MatrixXd z(1, n);
  q->sample(e, z, unwanted_vector());
  const double rounding = 1e-11 * (1 + apart);
  for (Index i = 0; i < n; ++i) {
    double below = 0, above = 0;
    for (Index k = 0; k < 3; ++k) {
      below += w[k] * normal_cdf((z(0, i) - m(k, 0)) / s(k, 0));
      above += w[k] * normal_cdf((m(k, 0) - z(0, i)) / s(k, 0));
    }
    INFO(apart << " " << e(0, i) << " -> " << z(0, i));
    if (e(0, i) <= 0)
      REQUIRE(below == Approx(normal_cdf(e(0, i))).epsilon(rounding));
    else
      REQUIRE(above == Approx(normal_cdf(-e(0, i))).epsilon(rounding));
  }
}

TEST_CASE("A mixture's pull-backs agree with differences wherever its components are") {
  constexpr Index k = 3, d = 3, draws = 4;
  const double apart = GENERATE(0.3, 1.0, 3.0);
  const auto q = mixture(k, d);
  RandomStream numbers = stream(3);
  auto phi = q->parameters().f64();
  for (double& x : phi) x = 0.4 * numbers.normal();
  phi.segment(k, k * d) *= apart;
  MatrixXd noise(d, draws), g_z(d, draws), z(d, draws);
  VectorXd g_log_q(draws), log_q(draws);
  numbers.fill_normal(noise);
  numbers.fill_normal(g_z);
  numbers.fill_normal(g_log_q);
  const auto value = [&] {
    q->sample(noise, z, log_q);
    return g_z.cwiseProduct(z).sum() + g_log_q.dot(log_q);
  };
  Gradient gradient(q->parameters());
  value();
  q->sample_pullback(g_z, g_log_q, gradient.out());
  for (Index i = 0; i < phi.size(); ++i) {
    const double here = phi[i], h = 1e-5;
    phi[i] = here + h;
    const double above = value();
    phi[i] = here - h;
    const double slope = (above - value()) / (2 * h);
    phi[i] = here;
    INFO(apart << ", parameter " << i);
    REQUIRE(gradient.f64()[i] == Approx(slope).epsilon(1e-5).margin(1e-6));
  }
}

TEST_CASE("A constant added to all log weights is no change, and its derivative is zero") {
  const auto q = mixture(3, 2);
  MatrixXd noise(2, 5), z(2, 5), again(2, 5);
  stream(4).fill_normal(noise);
  q->sample(noise, z, unwanted_vector());
  Gradient gradient(q->parameters());
  q->sample_pullback(z, unwanted_vector(), gradient.out());
  REQUIRE(gradient.f64().head(3).sum() == Approx(0).margin(1e-12));
  q->parameters().f64().head(3).array() += 700;
  q->sample(noise, again, unwanted_vector());
  REQUIRE(again.isApprox(z, 1e-12));
}

TEST_CASE("Pathwise gradients fit a skewed mixture that is in the family to its evidence") {
  const MatrixXd m = (MatrixXd(2, 1) << -1, 1.5).finished();
  const MatrixXd s = (MatrixXd(2, 1) << 0.6, 1.2).finished();
  Mixture target((VectorXd(2) << 0.3, 0.7).finished(), m, s);
  const auto q = mixture(2, 1);
  fit(target, *q, "reparameterized", {{"entropy", std::string("sticking_the_landing")}}, "adam", {},
      4000);
  INFO(q->parameters().f64().transpose());
  REQUIRE(elbo(target, *q) == Approx(0).margin(1e-3));
}

TEST_CASE("The score function fits modes far apart and their weights, to the evidence") {
  const VectorXd w = (VectorXd(3) << 0.2, 0.3, 0.5).finished();
  const MatrixXd m = (MatrixXd(3, 2) << -4, 4, 5, 0, 0, -6).finished();
  Mixture target(w, m, MatrixXd::Constant(3, 2, 0.8));
  const auto q = mixture(4, 2, {{"initial_scale", 5.0}});
  fit(target, *q, "score_function", {{"draws", std::int64_t(50)}}, "adam", {}, 6000);
  INFO(q->parameters().f64().transpose());
  REQUIRE(elbo(target, *q) == Approx(0).margin(0.02));
}

}  // namespace gaussian_mixture_tests
