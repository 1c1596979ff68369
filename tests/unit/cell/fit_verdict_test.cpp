#include "cell/fit_verdict.hpp"

#include <catch2/catch.hpp>

using namespace elbow;

namespace {

/// Why a fit that has spent its budget has diverged. @param elbo, evidence, k  of the fit
std::string verdict(const ElboEstimate& start, double elbo, double evidence, double k) {
  const Outcome outcome = judged({Ending::budget_spent, "still moving"},
                                 {start,
                                  {{"fit_elbo", elbo, 0.1, "nats", ""},
                                   {"fit_log_evidence_psis", evidence, 0.1, "nats", ""},
                                   {"fit_pareto_k", k, not_a_number, "", ""}},
                                  "fit_",
                                  1000});
  const bool diverged = outcome.ending == Ending::diverged;
  CHECK((outcome.reason == "still moving") == !diverged);
  return diverged ? outcome.reason : "";
}

constexpr ElboEstimate start{-10, 0.1};

}  // namespace

TEST_CASE("a fit has diverged when it is worse than its start and has no weights to mend it") {
  CHECK(verdict(start, -2e36, -500, 64) ==
        "the ELBO of the fit, -2e+36, is below that of its start, -10");
  CHECK(verdict(start, -INFINITY, -500, INFINITY) == "the ELBO of the fit is -inf");
  CHECK(verdict(start, NAN, NAN, NAN) == "the ELBO of the fit is nan");
  // Collapsed somewhere else: the weights are nearly equal, but the start was a better bound.
  CHECK(verdict(start, -400, -400, 0.1) ==
        "the ELBO of the fit, -400, is below that of its start, -10");
}

TEST_CASE("a fit has not diverged when it is better than its start, or covers the posterior") {
  CHECK(verdict(start, -5, -4, 0.9) == "");
  CHECK(verdict(start, -10.9, -9, 0.9) == "");      // within a nat
  CHECK(verdict(start, -40, -4, 0.3) == "");        // wide tails cost ELBO, not evidence
  CHECK(verdict(start, -INFINITY, -4, 0.3) == "");  // some draws outside of the support
  CHECK(verdict({-10, 3}, -24, -20, 0.9) == "");    // within what is known of the start
  CHECK(verdict({-INFINITY, NAN}, -400, -300, 0.9) == "");
  CHECK(verdict({}, -400, -300, 0.9) == "");
  // Nothing to draw from.
  CHECK(judged({Ending::converged, ""}, {start, {}, "", 1000}).ending == Ending::converged);
}
