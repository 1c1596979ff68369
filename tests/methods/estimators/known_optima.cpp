// Default fits of targets whose best approximation is known in closed form.

#include "support/fit.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace known_optima_tests {

namespace {

/// Poisson counts with a gamma prior on each rate, in the log rates z: the posterior is exp(a z - b
/// e^z) b^a / Gamma(a) per coordinate, with log evidence 0.
class LogGamma final : public Model, public Density {
 public:
  LogGamma(VectorXd a, VectorXd b) : a_(std::move(a)), b_(std::move(b)) {}
  Density* density() override { return this; }
  Index dimension() const override { return a_.size(); }
  std::vector<Variable> variables() const override { return {{"z", {a_.size()}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      log_p[s] = 0;
      for (Index i = 0; i < a_.size(); ++i)
        log_p[s] +=
            a_[i] * (z(i, s) + std::log(b_[i])) - b_[i] * std::exp(z(i, s)) - std::lgamma(a_[i]);
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s)
      gradient.col(s) = a_.array() - b_.array() * z.col(s).array().exp();
  }

  // E_q e^z = e^(m + s^2/2): the ELBO's derivatives vanish at s^2 = 1/a, m = log(a / b) - s^2 / 2.
  VectorXd best_mean() const { return (a_.array() / b_.array()).log() - 0.5 / a_.array(); }
  VectorXd best_sd() const { return a_.array().sqrt().inverse(); }

 private:
  VectorXd a_, b_;
};

}  // namespace

TEST_CASE("A default mean-field fit of log gamma rates is the best Gaussian, by every path") {
  LogGamma target((VectorXd(3) << 0.7, 4, 60).finished(), (VectorXd(3) << 2, 0.01, 1).finished());
  const std::string name = GENERATE("reparameterized", "score_function", "renyi");
  const auto q = family("gaussian_mean_field", 3);
  OptionMap options;
  if (name == "renyi") options["alpha"] = 1.0;
  fit(target, *q, name, options, "adam", {}, 10000);
  const VectorXd phi = q->parameters().f64(), sd = target.best_sd();
  INFO(name << " " << phi.transpose());
  for (Index i = 0; i < 3; ++i) {
    REQUIRE(phi[i] == Approx(target.best_mean()[i]).margin(0.03 * sd[i]));
    REQUIRE(std::exp(phi[3 + i]) == Approx(sd[i]).epsilon(0.03));
  }
}

TEST_CASE("Default fits of a chain of twenty correlated coordinates miss it by the known gaps") {
  // Correlations 0.8^|i - j|: the precision is tridiagonal, (1 + rho^2) / (1 - rho^2) within and
  // 1 / (1 - rho^2) at both ends, its determinant (1 - rho^2)^-19.
  constexpr Index d = 20;
  constexpr double rho = 0.8, left = 1 - rho * rho;
  MatrixXd covariance(d, d);
  for (Index i = 0; i < d; ++i)
    for (Index j = 0; j < d; ++j) covariance(i, j) = std::pow(rho, std::abs(double(i - j)));
  GaussianTarget target(VectorXd::LinSpaced(d, 0, 2), covariance);
  const double gap = 0.5 * ((d - 2) * std::log((1 + rho * rho) / left) - 2 * std::log(left) +
                            (d - 1) * std::log(left));
  const auto mean_field = family("gaussian_mean_field", d);
  fit(target, *mean_field, "reparameterized", {}, "adam", {}, 10000);
  REQUIRE(kl_to(*mean_field, target.mean(), target.covariance()) == Approx(gap).margin(0.02));
  const auto full_rank = family("gaussian_full_rank", d);
  fit(target, *full_rank, "reparameterized", {}, "adam", {}, 10000);
  // 230 numbers, whose noise of 10 draws per step is averaged over about a thousand steps.
  REQUIRE(kl_to(*full_rank, target.mean(), target.covariance()) < 0.03);
}

}  // namespace known_optima_tests
