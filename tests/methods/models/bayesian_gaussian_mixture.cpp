#include "support/minibatch_checks.hpp"

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace bayesian_gaussian_mixture_tests {

namespace {

test::Built<Model> mixture(const MatrixXd& rows, Index components, double prior_sd = 2,
                           double noise_sd = 1) {
  std::vector<std::string> names;
  for (Index j = 1; j <= rows.cols(); ++j) names.push_back(std::to_string(j));
  return test::model("bayesian_gaussian_mixture", {{"data", test::table(names, rows)},
                                                   {"components", std::int64_t(components)},
                                                   {"prior_sd", prior_sd},
                                                   {"noise_sd", noise_sd}});
}

/// log p of numbers from one component: jointly normal, covariance sigma^2 I + s^2 1 1^T.
double log_together(const std::vector<double>& x, double s, double sigma) {
  const double n = double(x.size()), noise = sigma * sigma, all = noise + n * s * s;
  double sum = 0, squares = 0;
  for (const double value : x) sum += value, squares += value * value;
  return -0.5 * (n * log_2pi + (n - 1) * std::log(noise) + std::log(all) +
                 (squares - s * s * sum * sum / all) / noise);
}

/// The evidence of two components by summing over all assignments.
double log_evidence_of_two(const VectorXd& x, double s, double sigma) {
  const Index n = x.size();
  VectorXd terms(Index(1) << n);
  for (Index code = 0; code < terms.size(); ++code) {
    std::vector<double> parts[2];
    for (Index i = 0; i < n; ++i) parts[(code >> i) & 1].push_back(x[i]);
    terms[code] = -double(n) * std::log(2);
    for (const auto& part : parts)
      if (!part.empty()) terms[code] += log_together(part, s, sigma);
  }
  return log_sum_exp(terms);
}

double ascend(Conjugate& conjugate, int sweeps, std::uint64_t seed = 3) {
  RandomStream numbers = test::stream(seed);
  conjugate.initialize(numbers);
  for (int sweep = 0; sweep < sweeps; ++sweep)
    for (Index b = 0; b < conjugate.block_count(); ++b) conjugate.update_block(b);
  return conjugate.elbo();
}

const VectorXd few = (VectorXd(4) << -1.2, 0.3, 2.5, 1.9).finished();

}  // namespace

TEST_CASE("with one component coordinate ascent finds the exact evidence and posterior") {
  const auto model = mixture(few, 1, 2, 0.7);
  CHECK(ascend(*model->conjugate(), 2) ==
        Approx(log_together({-1.2, 0.3, 2.5, 1.9}, 2, 0.7)).epsilon(1e-12));
  const double precision = 1 / 4.0 + 4 / 0.49;
  const auto phi = model->conjugate()->approximation().parameters().f64();
  CHECK(phi[0] == Approx(few.sum() / 0.49 / precision).epsilon(1e-12));
  CHECK(phi[1] == Approx(1 / precision).epsilon(1e-12));
}

TEST_CASE("features of an item add up: two columns of one component are two models") {
  MatrixXd rows(4, 2);
  rows << few, 0.5 * few;
  CHECK(ascend(*mixture(rows, 1)->conjugate(), 2) ==
        Approx(ascend(*mixture(few, 1)->conjugate(), 2) +
               ascend(*mixture(0.5 * few, 1)->conjugate(), 2))
            .epsilon(1e-12));
}

TEST_CASE("the mixture's density integrates to the evidence of all assignments") {
  const auto model = mixture(few, 2, 2, 0.7);
  const double h = 0.1;
  double sum = 0;
  for (double a = -14; a <= 14; a += h)
    for (double b = -14; b <= 14; b += h)
      sum += std::exp(test::log_density_at(*model->density(), Eigen::Vector2d(a, b)));
  CHECK(std::log(sum * h * h) == Approx(log_evidence_of_two(few, 2, 0.7)).epsilon(1e-9));
}

TEST_CASE("the mixture's ELBO is below the evidence and at most log 2 from it, far apart") {
  // Two clumps far apart: q keeps to one of two equal modes, and misses log 2.
  const VectorXd x = (VectorXd(6) << -9.8, -10.1, -10.3, 9.9, 10.2, 10.4).finished();
  const double evidence = log_evidence_of_two(x, 6, 1);
  double best = -INFINITY;
  const auto model = mixture(x, 2, 6);
  for (std::uint64_t seed = 1; seed < 8; ++seed)
    best = std::max(best, ascend(*model->conjugate(), 50, seed));
  CHECK(best < evidence);
  CHECK(best == Approx(evidence - std::log(2)).margin(1e-6));
}

TEST_CASE("coordinate updates of the mixture are those of the paper and never lower the ELBO") {
  const auto model = test::model("bayesian_gaussian_mixture", {{"components", std::int64_t(4)}});
  Conjugate& conjugate = *model->conjugate();
  double last = ascend(conjugate, 0);
  for (int sweep = 0; sweep < 40; ++sweep)
    for (Index b = 0; b < conjugate.block_count(); ++b) {
      conjugate.update_block(b);
      const double now = conjugate.elbo();
      CHECK(now >= last - 1e-10 * std::abs(last));
      last = now;
    }
}

TEST_CASE("the mixture meets what every density must") {
  const auto model = test::model("bayesian_gaussian_mixture",
                                 {{"items", std::int64_t(12)}, {"features", std::int64_t(2)}});
  Density& density = *model->density();
  const MatrixXd z = test::normal_points(density, 5, 3, 3);
  test::check_gradient(density, z, 1e-6);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
  test::check_minibatches(density, z, 1e-10);
  test::check_minibatches_do_not_allocate(density, 5, 4);
}

TEST_CASE("data that the mixture cannot use are refused") {
  CHECK_THROWS_AS(mixture(MatrixXd::Constant(2, 1, NAN), 2), OptionError);
}

}  // namespace bayesian_gaussian_mixture_tests
