#include <catch2/catch.hpp>
#include <elbow/math.hpp>

#include "chains.hpp"
#include "diagnostics/draws_summary.hpp"
#include "diagnostics/effective_sample_size.hpp"
#include "diagnostics/rhat.hpp"
#include "r_peer.hpp"

using namespace elbow;
using test::ar1;

namespace {

/// Ordinary chains, and each of the ways in which chains are odd.
std::vector<Eigen::MatrixXd> chains() {
  std::vector<Eigen::MatrixXd> all;
  for (double phi : {0.0, 0.3, 0.9, 0.99, -0.3, -0.9}) {
    all.push_back(ar1(1000, 4, phi, 1));
    all.push_back(ar1(501, 1, phi, 2));
    all.push_back(ar1(37, 3, phi, 3));
  }
  // With halves of one draw (n = 2 and 3) posterior loses the chains' shape; Elbow has no answer.
  for (Index n : {1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
    all.push_back(ar1(n, 2, 0.2, 4));
  all.push_back(ar1(20011, 1, 0.5, 5));  // a prime length
  const Eigen::MatrixXd x = ar1(400, 4, 0.5, 6);
  all.push_back((x.array() * 2).round());                                         // ties
  all.push_back((x.array() > 1).cast<double>());                                  // two values
  all.push_back(x.array() + 1e4);                                                 // far from zero
  all.push_back(x.array() * 1e-9);                                                // small unit
  all.push_back(x.array().cube().exp());                                          // heavy tail
  all.push_back((x.array().rowwise() + Eigen::RowVector4d(0, 1, 2, 3).array()));  // apart
  all.push_back((x.array().rowwise() * Eigen::RowVector4d(1, 1, 1, 9).array()));  // one wide
  all.push_back(Eigen::MatrixXd::Constant(100, 4, 0.1));
  for (double value : {0.1, infinity, -infinity, std::nan("")}) {
    all.push_back(x);
    all.back()(17, 2) = value;  // one bad draw
    all.push_back(x);
    all.back().col(1).setConstant(value);  // one stuck chain
  }
  return all;
}

}  // namespace

TEST_CASE("R-hat, effective sample sizes and standard errors agree with R's posterior") {
  const auto inputs = chains();
  const auto expected = test::r_peer("posterior", R"(
    p <- c(0, 0.05, 0.5, 0.95, 1)
    # Where there are no answers, posterior fails in its own comparisons.
    answer <- function(f, ...) tryCatch(f(x, ...), error = function(e) rep(NaN, length(c(...))))
    one <- function(f) tryCatch(f(x), error = function(e) NaN)
    c(one(rhat), one(rhat_basic), one(ess_bulk), one(ess_tail), one(ess_mean), one(ess_sd),
      one(mcse_mean), one(mcse_sd), answer(ess_quantile, probs = p), answer(mcse_quantile, probs = p))
  )",
                                     inputs);
  if (expected.empty()) {
    WARN("TEST SKIPPED: R with the package posterior is not installed");
    return;
  }
  REQUIRE(expected.size() == inputs.size());
  const char* names[] = {"rhat",     "rhat_basic", "ess_bulk", "ess_tail", "ess_mean",
                         "ess_sd",   "mcse_mean",  "mcse_sd",  "ess_q0",   "ess_q5",
                         "ess_q50",  "ess_q95",    "ess_q100", "mcse_q0",  "mcse_q5",
                         "mcse_q50", "mcse_q95",   "mcse_q100"};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Eigen::MatrixXd& x = inputs[i];
    std::vector<double> found = {rhat(x),     rhat_basic(x), ess_bulk(x),  ess_tail(x),
                                 ess_mean(x), ess_sd(x),     mcse_mean(x), mcse_sd(x)};
    for (double p : {0.0, 0.05, 0.5, 0.95, 1.0}) found.push_back(ess_quantile(x, p));
    for (double p : {0.0, 0.05, 0.5, 0.95, 1.0}) found.push_back(mcse_quantile(x, p));
    REQUIRE(expected[i].size() == Index(found.size()));
    for (std::size_t k = 0; k < found.size(); ++k) {
      INFO("input " << i << " of size " << x.rows() << " x " << x.cols() << ": " << names[k]
                    << " is " << found[k] << ", posterior has " << expected[i][Index(k)]);
      if (std::isnan(expected[i][Index(k)]))
        CHECK(std::isnan(found[k]));
      else
        CHECK(found[k] == Approx(expected[i][Index(k)]).epsilon(1e-8).margin(0));
    }
  }
}

TEST_CASE("The summary of a quantity agrees with R's summarise_draws") {
  const auto inputs = chains();
  const auto expected = test::r_peer("posterior", R"(
    # Where there are no answers, posterior fails in its own comparisons.
    one <- function(f, ...) tryCatch(as.numeric(f(x, ...)), error = function(e) NaN)
    each <- function(f) sapply(c(0.05, 0.5, 0.95), function(p) one(f, probs = p))
    quantiles <- if (anyNA(x)) rep(NaN, 3) else quantile(x, c(0.05, 0.5, 0.95))
    c(mean(x), sd(as.numeric(x)), quantiles, one(mcse_mean), one(mcse_sd), each(mcse_quantile),
      one(rhat), one(ess_bulk), one(ess_tail), one(ess_mean), one(ess_sd), each(ess_quantile))
  )",
                                     inputs);
  if (expected.empty()) {
    WARN("TEST SKIPPED: R with the package posterior is not installed");
    return;
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Eigen::VectorXd found = draws_summary(inputs[i]);
    REQUIRE(expected[i].size() == found.size());
    for (Index k = 0; k < found.size(); ++k) {
      INFO("input " << i << ": " << draws_summary_fields()[std::size_t(k)].name << " is "
                    << found[k] << ", posterior has " << expected[i][k]);
      if (std::isnan(expected[i][k]))
        CHECK(std::isnan(found[k]));
      else
        CHECK(found[k] == Approx(expected[i][k]).epsilon(1e-8).margin(1e-15));
    }
  }
}
