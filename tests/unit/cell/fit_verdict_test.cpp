#include "cell/fit_verdict.hpp"

#include <catch2/catch.hpp>
#include <elbow/math.hpp>

using namespace elbow;

namespace {

/// What becomes of a fit's outcome. @param elbo, evidence, k  of the fit
Outcome judge(const Outcome& outcome, const ElboEstimate& start, double elbo, double evidence,
              double k, double effective_draws = not_a_number, Index step_draws = 0) {
  return judged(outcome, {start,
                          {{"fit_elbo", elbo, 0.1, "nats", ""},
                           {"fit_log_evidence_psis", evidence, 0.1, "nats", ""},
                           {"fit_pareto_k", k, not_a_number, "", ""}},
                          "fit_",
                          1000,
                          effective_draws,
                          step_draws});
}

/// Why a fit that has spent its budget has diverged.
std::string verdict(const ElboEstimate& start, double elbo, double evidence, double k) {
  const Outcome outcome = judge({Ending::budget_spent, "still moving"}, start, elbo, evidence, k);
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
  CHECK(judged({Ending::converged, ""}, {start, {}, "", 1000, not_a_number, 0}).ending ==
        Ending::converged);
}

TEST_CASE("a fit that spent its budget below its start, or wider than the posterior, says so") {
  const Outcome spent{Ending::budget_spent, ""};
  CHECK(judge(spent, start, -40, -4, 0.3).reason ==
        "the ELBO of the fit, -40, is below that of its start, -10");
  CHECK(judge(spent, start, -9, -4, 0.3, 8, 10).reason ==
        "the approximation is 5 nats from the posterior by importance sampling, pareto_k 0.3");
  CHECK(judge(spent, start, -5, -4.5, 0.3, 8, 10).reason == "");
  // The ELBO's best independent approximation may be as far, and narrower.
  CHECK(judge(spent, start, -9, -4, 0.3).reason == "");
  CHECK(judge(spent, start, -9, -4, 0.9).reason == "");
}

TEST_CASE("a fit by weights that few draws had says so, however it ended") {
  const Outcome spent{Ending::budget_spent, ""};
  CHECK(judge(spent, start, -5, -4.5, 0.3, 2, 50).reason ==
        "of 50 draws of a step 2 had the weight");
  CHECK(judge(spent, start, -5, -4.5, 0.3, 4, 50).reason == "");
  CHECK(judge(spent, start, -5, -4.5, 0.3, 1.5, 5).reason == "");
  CHECK(judge(spent, start, -5, -4.5, 0.3, 1, 1).reason == "");
  CHECK(judge({Ending::converged, "halving"}, start, -5, -4.5, 0.9, 20, 50).reason ==
        "halving; the weights that the steps rest upon are unreliable: pareto_k 0.9");
}

TEST_CASE("a fit that spent its budget on a slope says so, where it is steep and no noise") {
  const auto reason = [](double ratio, double error, double variance) {
    return judged({Ending::budget_spent, ""}, {start,
                                               {{"gradient_snr", ratio, error, "", ""},
                                                {"gradient_variance", variance, 0, "", ""}},
                                               "",
                                               1000,
                                               not_a_number,
                                               0})
        .reason;
  };
  CHECK(reason(1.9, 0.1, 1e4) ==
        "the fit stands still on a slope: the mean gradient at the end is 1.9 times its noise");
  CHECK(reason(1.9, 0.4, 1e4) == "");  // perhaps noise
  CHECK(reason(0.5, 0.1, 1e4) == "");
  CHECK(reason(40, 0.1, 1e-6) == "");  // next to no slope
  CHECK(reason(INFINITY, NAN, 0) == "");
}

TEST_CASE("a fit by weights that its draws share may cover heavy tails at the cost of its ELBO") {
  const Outcome spent{Ending::budget_spent, ""};
  CHECK(judge(spent, start, -40, -4, 0.9, 20, 50).ending == Ending::budget_spent);
  CHECK(judge(spent, start, -40, -4, 0.9, 20, 50).reason ==
        "the ELBO of the fit, -40, is below that of its start, -10; the weights that the steps "
        "rest upon are unreliable: pareto_k 0.9");
  CHECK(judge(spent, start, -40, -4, 0.9, 1.2, 50).ending == Ending::diverged);
  CHECK(judge(spent, start, -40, -39, 0.9, 20, 50).ending == Ending::diverged);
}
