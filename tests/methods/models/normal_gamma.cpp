#include "support/minibatch_checks.hpp"

using namespace elbow;
using Eigen::MatrixXd;

namespace normal_gamma_tests {

TEST_CASE("the normal-gamma density integrates to its evidence") {
  const auto model = test::model("normal_gamma", {{"items", std::int64_t(5)}});
  double sum = 0;
  const double h = 0.02;
  for (double mu = -12; mu <= 12; mu += h)
    for (double log_tau = -9; log_tau <= 5; log_tau += h)
      sum += std::exp(test::log_density_at(*model->density(), Eigen::Vector2d(mu, log_tau)));
  CHECK(std::log(sum * h * h) == Approx(model->reference()->log_evidence()->value).margin(1e-5));
}

TEST_CASE("coordinate ascent on the normal-gamma model has its closed fixed point") {
  // E tau and E mu's variance solve Bishop 2006, eqs. 10.26-10.30, with this prior.
  const auto model = test::model(
      "normal_gamma", {{"items", std::int64_t(30)}, {"prior_mean", 1.0}, {"prior_items", 0.5}});
  Conjugate& conjugate = *model->conjugate();
  RandomStream numbers = test::stream(1);
  conjugate.initialize(numbers);
  double last = conjugate.elbo();
  for (int sweep = 0; sweep < 60; ++sweep)
    for (Index b = 0; b < 2; ++b) {
      conjugate.update_block(b);
      CHECK(conjugate.elbo() >= last - 1e-12 * std::abs(last));
      last = conjugate.elbo();
    }
  const Eigen::VectorXd x = model->data()[0].values;
  const double n = 30, k = n + 0.5, mean = (0.5 * 1.0 + x.sum()) / k;
  const auto phi = conjugate.approximation().parameters().f64();
  CHECK(phi[0] == Approx(mean).epsilon(1e-12));
  const double squares = (x.array() - mean).square().sum() + 0.5 * (mean - 1) * (mean - 1);
  // a / b = a / (b0 + (squares + b / a) / 2): one linear equation for b / a.
  const double a = 2 + 0.5 * (n + 1);
  CHECK(phi[2] == Approx(a).epsilon(1e-12));
  CHECK(phi[3] == Approx((2 + 0.5 * squares) / (1 - 0.5 / a)).epsilon(1e-9));
  CHECK(last < model->reference()->log_evidence()->value);
}

TEST_CASE("the exact ELBO of q(mu) q(tau) is the mean of log p - log q over its draws") {
  const auto model = test::model("normal_gamma");
  Conjugate& conjugate = *model->conjugate();
  for (int sweep = 0; sweep < 10; ++sweep)
    for (Index b = 0; b < 2; ++b) conjugate.update_block(b);
  Family& q = conjugate.approximation();
  constexpr Index n = 40000;
  MatrixXd noise(2, n), z(2, n);
  Eigen::VectorXd log_q(n), log_p(n);
  RandomStream numbers = test::stream(4);
  fill_noise(q.noise(), numbers, noise);
  q.sample(noise, z, log_q);
  model->density()->log_density(z, log_p);
  const Eigen::ArrayXd difference = log_p - log_q;
  const double error =
      std::sqrt((difference - difference.mean()).square().sum() / double(n) / double(n - 1));
  CHECK(std::abs(difference.mean() - conjugate.elbo()) < 5 * error);
}

TEST_CASE("the normal-gamma model meets what every density must") {
  const auto model = test::model("normal_gamma", {{"items", std::int64_t(20)}});
  Density& density = *model->density();
  const MatrixXd z = test::normal_points(density, 5, 3);
  test::check_gradient(density, z, 1e-6);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
  test::check_minibatches(density, z, 1e-9);
  test::check_minibatches_do_not_allocate(density, 5, 4);
}

TEST_CASE("exact draws of the normal-gamma posterior have its moments") {
  test::check_sampler_against_moments(*test::model("normal_gamma"), 50'000);
}

TEST_CASE("data that the normal-gamma model cannot use are refused") {
  const auto refused = [](const MatrixXd& values, std::vector<std::string> names) {
    return test::refusal("normal_gamma", {{"data", test::table(std::move(names), values)}});
  };
  CHECK(refused(MatrixXd::Ones(3, 2), {"a", "b"}).find("one column") != std::string::npos);
  CHECK(refused(MatrixXd::Constant(3, 1, NAN), {"a"}).find("finite") != std::string::npos);
}

}  // namespace normal_gamma_tests
