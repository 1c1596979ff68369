#include <catch2/catch.hpp>
#include <elbow/math.hpp>
#include <elbow/random.hpp>

#include "diagnostics/psis.hpp"
#include "r_peer.hpp"

using namespace elbow;

namespace {

Eigen::VectorXd normals(Index n, std::uint64_t seed) {
  Eigen::VectorXd x(n);
  RandomStream(seed, 0, "psis").fill_normal(x);
  return x;
}

/// log N(z; 0, sd^2) - log N(z; 0, 1) at draws of the second.
Eigen::VectorXd normal_ratios(Index n, double sd, std::uint64_t seed) {
  const Eigen::ArrayXd z = normals(n, seed);
  return 0.5 * z.square() * (1 - 1 / (sd * sd)) - std::log(sd);
}

}  // namespace

TEST_CASE("Smoothed weights, k-hat and their sample size agree with R's loo") {
  std::vector<Eigen::MatrixXd> inputs;
  for (Index n : {25, 100, 225, 226, 1000, 20000})
    for (double sd : {0.5, 1.2, 2.0, 5.0}) inputs.push_back(normal_ratios(n, sd, 1));
  inputs.push_back(normals(1000, 2) * 1e-3);
  inputs.push_back(normals(1000, 3) * 50);                            // one weight has it all
  inputs.push_back((normals(1000, 4) * 3).array().round());           // ties
  inputs.push_back((normals(1000, 5).array() > 0.5).cast<double>());  // two weights
  inputs.push_back(normal_ratios(1000, 1.5, 6).array() - 1e4);        // log evidence -1e4
  inputs.push_back(Eigen::VectorXd::Constant(100, -3));
  inputs.push_back(normals(10, 7));
  for (double r_eff : {1.0, 0.3, 2.0}) {
    const auto expected = test::r_peer("loo",
                                       "r <- psis(as.numeric(x), r_eff = " + std::to_string(r_eff) +
                                           ")\n c(r$diagnostics$pareto_k, r$diagnostics$n_eff, "
                                           "weights(r, log = TRUE, normalize = FALSE))",
                                       inputs);
    if (expected.empty()) {
      WARN("TEST SKIPPED: R with the package loo is not installed");
      return;
    }
    REQUIRE(expected.size() == inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      INFO("input " << i << ", r_eff " << r_eff);
      const Psis found = psis(inputs[i].col(0), r_eff);
      CHECK(found.pareto_k == Approx(expected[i][0]).epsilon(1e-8).margin(1e-10));
      CHECK(found.ess == Approx(expected[i][1]).epsilon(1e-8));
      const auto weights = expected[i].tail(found.log_weights.size());
      CHECK((found.log_weights - weights).cwiseAbs().maxCoeff() <=
            1e-8 * std::fmax(1, weights.cwiseAbs().maxCoeff()));
    }
  }
}

TEST_CASE("The tail index of a generalised Pareto distribution is recovered") {
  // By inversion at evenly spread levels; the prior draws k towards 0.5 by 10 / (n + 10).
  const Index n = 20000;
  for (double k : {-0.3, 0.2, 0.7, 1.5}) {
    Eigen::VectorXd excess(n);
    for (Index i = 0; i < n; ++i) {
      const double p = (double(i) + 0.5) / double(n);
      excess[i] = 3 * std::expm1(-k * std::log1p(-p)) / k;
    }
    const GeneralizedPareto fit = fit_generalized_pareto(excess);
    CHECK(fit.k == Approx(k).margin(0.02));
    CHECK(fit.sigma == Approx(3).epsilon(0.02));
  }
}

TEST_CASE("The tail index of the ratio of two normals is 1 - 1/sd^2") {
  // P(w > t) falls as t^(-sd^2 / (sd^2 - 1)), up to logarithms.
  for (double sd : {1.3, 1.6, 3.0})
    CHECK(psis(normal_ratios(400000, sd, 8)).pareto_k == Approx(1 - 1 / (sd * sd)).margin(0.12));
}

TEST_CASE("A constant added to the log ratios is added to the log weights") {
  const Eigen::VectorXd ratios = normal_ratios(2000, 1.5, 9);
  const Psis a = psis(ratios), b = psis(ratios.array() - 700);
  CHECK(b.pareto_k == Approx(a.pareto_k).epsilon(1e-9));
  CHECK(b.ess == Approx(a.ess).epsilon(1e-9));
  CHECK(((b.log_weights.array() + 700) - a.log_weights.array()).abs().maxCoeff() < 1e-9);
}

TEST_CASE("Smoothing keeps the order of the weights") {
  const Eigen::VectorXd ratios = normal_ratios(500, 2, 10);
  const Eigen::VectorXd smooth = psis(ratios).log_weights;
  for (Index i = 0; i < 500; ++i)
    for (Index j = 0; j < 500; ++j)
      if (ratios[i] < ratios[j]) REQUIRE(smooth[i] <= smooth[j]);
}

TEST_CASE("Equal weights are worth their number and are told from heavy tails") {
  const Eigen::VectorXd equal = Eigen::VectorXd::Constant(1000, -41.03);
  const Psis p = psis(equal);
  CHECK(p.ess == Approx(1000));
  const Estimate e = psis_log_evidence(p);
  CHECK(e.value == Approx(-41.03));
  CHECK(e.standard_error < 1e-6);
  // log p - log q where q is p, as rounding leaves it.
  CHECK(equal_weights(equal + 1e-13 * normals(1000, 13)));
  CHECK_FALSE(equal_weights(1e-3 * normals(1000, 13)));
  CHECK_FALSE(equal_weights(Eigen::VectorXd::Constant(5, -infinity)));
}

TEST_CASE("There is no standard error where the variance of the weights is infinite") {
  CHECK(std::isfinite(psis_log_evidence(psis(normal_ratios(4000, 1.1, 14))).standard_error));
  const Psis heavy = psis(normal_ratios(4000, 3, 14));
  REQUIRE(heavy.pareto_k > 0.5);
  CHECK(std::isnan(psis_log_evidence(heavy).standard_error));
}

TEST_CASE("Weights of zero are kept") {
  Eigen::VectorXd ratios = normal_ratios(1000, 0.8, 11);
  ratios.head(500).setConstant(-infinity);
  const Psis p = psis(ratios);
  CHECK(p.log_weights.head(500).maxCoeff() == -infinity);
  CHECK(std::isfinite(p.pareto_k));
  CHECK(p.ess < 500);
}

TEST_CASE("A NaN or an infinite weight is not smoothed away") {
  for (double bad : {std::nan(""), infinity}) {
    Eigen::VectorXd ratios = normals(100, 12);
    ratios[3] = bad;
    const Psis p = psis(ratios);
    CHECK(std::isnan(p.pareto_k));
    CHECK(std::isnan(p.ess));
    CHECK(!std::isfinite(log_mean_weight(p.log_weights).value));
  }
  const Estimate none = log_mean_weight(Eigen::VectorXd::Constant(10, -infinity));
  CHECK(none.value == -infinity);
  CHECK(std::isnan(none.standard_error));
}

TEST_CASE("The log evidence of a normal is found within its standard error") {
  // p = exp(-2.5) N(0, 0.8^2), q = N(0, 1): bounded weights.
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Estimate e = log_mean_weight(normal_ratios(1000, 0.8, seed).array() - 2.5);
    sum += std::pow((e.value + 2.5) / e.standard_error, 2);
  }
  CHECK(std::fabs(sum / 200 - 1) < 5 * std::sqrt(2.0 / 200));
}

TEST_CASE("The k-hat threshold follows the number of draws up to 0.7") {
  CHECK(pareto_k_threshold(100) == Approx(0.5));
  CHECK(pareto_k_threshold(1000) == Approx(2.0 / 3));
  CHECK(pareto_k_threshold(4000) == 0.7);
}
