#include <catch2/catch.hpp>

#include "chains.hpp"
#include "diagnostics/chains.hpp"
#include "diagnostics/draws_summary.hpp"
#include "diagnostics/effective_sample_size.hpp"
#include "diagnostics/rhat.hpp"

using namespace elbow;
using test::ar1;

namespace {

/// Mean and standard error of a diagnostic over chains of independent streams.
template <class Diagnostic>
Estimate over_streams(int repeats, Diagnostic diagnostic) {
  Eigen::VectorXd values(repeats);
  for (int i = 0; i < repeats; ++i) values[i] = diagnostic(std::uint64_t(100 + i));
  const double mean = values.mean();
  const double variance = (values.array() - mean).square().sum() / (repeats - 1);
  return {mean, std::sqrt(variance / repeats)};
}

}  // namespace

TEST_CASE("Independent draws are worth their number") {
  // The estimated autocorrelations of 4 x 1000 draws cost up to a few per cent.
  for (auto ess : {ess_bulk, ess_mean}) {
    const Estimate e = over_streams(40, [&](auto seed) { return ess(ar1(1000, 4, 0, seed), 1); });
    CHECK(std::fabs(e.value - 4000) < 5 * e.standard_error + 0.05 * 4000);
  }
}

TEST_CASE("The effective sample size of an AR(1) chain is S (1 - phi) / (1 + phi)") {
  for (double phi : {0.5, 0.9, -0.5}) {
    const double expected = 4 * 5000 * (1 - phi) / (1 + phi);
    const Estimate e =
        over_streams(30, [&](auto seed) { return ess_mean(ar1(5000, 4, phi, seed)); });
    INFO("phi " << phi << ": " << e.value << " +- " << e.standard_error);
    CHECK(std::fabs(e.value - expected) < 5 * e.standard_error + 0.05 * expected);
  }
}

TEST_CASE("The standard error of the mean covers the known mean") {
  // Standardised errors have variance 1; over 200 chains its standard error is sqrt(2 / 200).
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Eigen::MatrixXd x = ar1(500, 4, 0.7, seed);
    sum += std::pow(x.mean() / mcse_mean(x), 2);
  }
  CHECK(std::fabs(sum / 200 - 1) < 5 * std::sqrt(2.0 / 200));
}

TEST_CASE("Walkers that are independent are worth as much as chains") {
  for (auto ess : {ess_bulk, ess_mean, ess_sd}) {
    const Estimate e = over_streams(40, [&](auto seed) {
      const Eigen::MatrixXd x = ar1(1000, 16, 0.6, seed);
      return ess(x, 4) / ess(x, 1);
    });
    CHECK(std::fabs(e.value - 1) < 5 * e.standard_error + 0.02);
  }
}

TEST_CASE("Walkers that are copies of each other are worth one chain") {
  const Eigen::MatrixXd one = ar1(1000, 2, 0.6, 3);
  Eigen::MatrixXd copies(1000, 10);
  for (Index w = 0; w < 10; ++w) copies.col(w) = one.col(w / 5);
  // But for the divisor of the variance between chains, whose number it depends on.
  CHECK(ess_mean(copies, 5) == Approx(ess_mean(one)).epsilon(0.01));
  CHECK(ess_sd(copies, 5) == Approx(ess_sd(one)).epsilon(0.01));
  CHECK(ess_quantile(copies, 0.5, 5) == Approx(ess_quantile(one, 0.5)).epsilon(0.01));
}

TEST_CASE("The standard error of the mean covers it where walkers depend on one another") {
  // What all walkers of an ensemble share has other autocorrelations than what each has alone. As
  // chains they would claim too small an error.
  double as_ensembles = 0, as_chains = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Eigen::MatrixXd shared = ar1(500, 4, 0.9, seed), own = ar1(500, 32, 0.2, 1000 + seed);
    Eigen::MatrixXd x(500, 32);
    for (Index w = 0; w < 32; ++w) x.col(w) = 0.5 * shared.col(w / 8) + own.col(w);
    as_ensembles += std::pow(x.mean() / mcse_mean(x, 8), 2);
    as_chains += std::pow(x.mean() / mcse_mean(x), 2);
  }
  CHECK(std::fabs(as_ensembles / 200 - 1) < 5 * std::sqrt(2.0 / 200));
  CHECK(as_chains / 200 > 2);
}

TEST_CASE("The standard errors of the sd and of quantiles cover the known values") {
  double sd = 0, median = 0, upper = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Eigen::MatrixXd x = ar1(500, 4, 0.3, seed);
    Eigen::VectorXd sorted = x.reshaped();
    std::sort(sorted.data(), sorted.data() + sorted.size());
    const double spread = std::sqrt((x.array() - x.mean()).square().sum() / (2000 - 1));
    sd += std::pow((spread - 1) / mcse_sd(x), 2);
    median += std::pow((sorted[999] + sorted[1000]) / 2 / mcse_quantile(x, 0.5), 2);
    upper += std::pow((sorted[1899] - 1.6448536) / mcse_quantile(x, 0.95), 2);
  }
  for (double mean_square : {sd / 200, median / 200, upper / 200})
    CHECK(std::fabs(mean_square - 1) < 5 * std::sqrt(2.0 / 200));
}

TEST_CASE("R-hat is one for chains of one distribution and large for chains apart") {
  CHECK(rhat(ar1(2000, 4, 0.5, 1)) == Approx(1).margin(0.01));
  // Halves with means 0 and, two of eight, 3: the variance of the means is 13.5 / 7.
  const Eigen::RowVector4d shift(0, 0, 0, 3);
  const Eigen::MatrixXd apart = ar1(2000, 4, 0, 2).rowwise() + shift;
  CHECK(rhat_basic(apart) == Approx(std::sqrt(1 + 13.5 / 7)).margin(0.05));
  CHECK(rhat(apart) > 1.1);
}

TEST_CASE("R-hat sees chains that differ in scale only, where the basic R-hat does not") {
  const Eigen::MatrixXd x = ar1(2000, 4, 0, 3) * Eigen::Vector4d(1, 1, 1, 5).asDiagonal();
  CHECK(rhat_basic(x) < 1.01);
  CHECK(rhat(x) > 1.1);
}

TEST_CASE("Rank-based diagnostics do not change under monotone maps") {
  const Eigen::MatrixXd x = ar1(300, 4, 0.6, 4);
  const Eigen::MatrixXd y = (3 * x.array()).exp();
  CHECK(ess_bulk(x) == ess_bulk(y));
  CHECK(ess_quantile(x, 0.5) == Approx(ess_quantile(y, 0.5)).epsilon(1e-12));
}

TEST_CASE("Standard errors carry the unit of the draws") {
  const Eigen::MatrixXd x = ar1(300, 4, 0.6, 5);
  const Eigen::MatrixXd y = 1000 * x.array() + 7;
  CHECK(mcse_mean(y) == Approx(1000 * mcse_mean(x)).epsilon(1e-10));
  CHECK(mcse_sd(y) == Approx(1000 * mcse_sd(x)).epsilon(1e-10));
  CHECK(mcse_quantile(y, 0.1) == Approx(1000 * mcse_quantile(x, 0.1)).epsilon(1e-10));
}

TEST_CASE("Draws far from zero have the diagnostics of draws around zero") {
  // Multiples of 2^-20, to which 2^27 is added exactly.
  const Eigen::MatrixXd x = (ar1(300, 4, 0.6, 9) * 0x1p20).array().round() * 0x1p-20;
  const Eigen::MatrixXd far = x.array() + 0x1p27;
  CHECK(ess_mean(far) == Approx(ess_mean(x)).epsilon(1e-12));
  CHECK(rhat_basic(far) == Approx(rhat_basic(x)).epsilon(1e-12));
  CHECK(ess_bulk(far) == ess_bulk(x));
}

TEST_CASE("The summary of one quantity has what the single functions give") {
  const Eigen::MatrixXd x = ar1(200, 3, 0.5, 6);
  const Eigen::VectorXd summary = draws_summary(x);
  const auto field = [&](const char* name) { return summary[draws_summary_place(name)]; };
  CHECK(field("mean") == Approx(x.mean()).epsilon(1e-14));
  CHECK(field("sd") ==
        Approx(std::sqrt((x.array() - x.mean()).square().sum() / 599)).epsilon(1e-14));
  CHECK(field("q50") == Approx(quantile(x, 0.5)).epsilon(1e-14));
  CHECK(field("q95") == Approx(quantile(x, 0.95)).epsilon(1e-14));
  CHECK(field("mcse_mean") == Approx(mcse_mean(x)).epsilon(1e-13));
  CHECK(field("mcse_sd") == mcse_sd(x));
  CHECK(field("mcse_q5") == mcse_quantile(x, 0.05));
  CHECK(field("rhat") == rhat(x));
  CHECK(field("ess_bulk") == ess_bulk(x));
  CHECK(field("ess_tail") == ess_tail(x));
  CHECK(field("ess_sd") == ess_sd(x));
  CHECK(field("ess_q95") == ess_quantile(x, 0.95));
}

TEST_CASE("The summary of a constant is its value with an sd of exactly zero") {
  const Eigen::VectorXd summary = draws_summary(Eigen::MatrixXd::Constant(300, 3, 0.1));
  CHECK(summary[draws_summary_place("mean")] == 0.1);
  CHECK(summary[draws_summary_place("sd")] == 0);
  CHECK(summary[draws_summary_place("q5")] == 0.1);
  CHECK(std::isnan(summary[draws_summary_place("rhat")]));
}

TEST_CASE("A chain that never moves has no effective sample size") {
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(100, 4, 2.5);
  CHECK(std::isnan(rhat(x)));
  CHECK(std::isnan(ess_bulk(x)));
  CHECK(std::isnan(ess_tail(x)));
  CHECK(std::isnan(mcse_mean(x)));
}

TEST_CASE("Draws whose squares overflow have no effective sample size of the mean") {
  const Eigen::MatrixXd x = ar1(100, 4, 0.2, 8) * 1e200;
  CHECK(std::isnan(ess_mean(x)));
  CHECK(ess_bulk(x) > 0);
}
