#include "cell/fit_verdict.hpp"

#include <cmath>

#include "data/short_number.hpp"
#include "diagnostics/psis.hpp"

namespace elbow {
namespace {

const Metric* find(const MeasuredFit& fit, const std::string& name) {
  return find_metric(fit.metrics, fit.prefix + name);
}
double value(const MeasuredFit& fit, const std::string& name) {
  const Metric* found = find(fit, name);
  return found ? found->value : not_a_number;
}

std::string why_diverged(const MeasuredFit& fit) {
  if (!find(fit, "elbo")) return "";
  const double elbo = value(fit, "elbo");
  const double least = fit.start.value - std::fmax(1, 5 * fit.start.mcse);
  const bool covers = value(fit, "pareto_k") < 0.7 && !(value(fit, "log_evidence_psis") < least);
  if (covers) return "";
  if (!std::isfinite(elbo)) return "the ELBO of the fit is " + short_number(elbo);
  // That of the end is no better than its estimate: what draws may miss is far below, not above.
  if (elbo < least)
    return "the ELBO of the fit, " + short_number(elbo) + ", is below that of its start, " +
           short_number(fit.start.value);
  return "";
}

/// Empty where that is little, or not known.
std::string distance_left(const MeasuredFit& fit) {
  constexpr double little = 0.02;  // nats
  const Metric* elbo = find(fit, "elbo");
  const Metric* evidence = find(fit, "log_evidence_psis");
  const Metric* k = find(fit, "pareto_k");
  if (!elbo || !evidence || !k) return "";
  const double left = evidence->value - elbo->value;
  const bool reliable = k->value < pareto_k_threshold(fit.draws);
  if (reliable && !(left > std::fmax(little, 3 * elbo->mcse))) return "";
  return "the approximation is " + std::string(reliable ? "" : "at least ") +
         short_number(left, 3) + " nats from the posterior by importance sampling, pareto_k " +
         short_number(k->value, 2);
}

/// At an optimum the mean gradient is noise, also where steps have died away.
std::string slope_left(const MeasuredFit& fit) {
  constexpr double sure = 10, worth_it = 0.01;
  const double ratio = value(fit, "gradient_snr");
  const double squared_norm = value(fit, "gradient_variance") * ratio * ratio;
  if (!std::isfinite(ratio) || !(ratio > sure) || !(squared_norm > worth_it)) return "";
  return "the fit stands still on a slope: the mean gradient at the end is " +
         short_number(ratio, 3) + " times its noise";
}

}  // namespace

Outcome judged(Outcome outcome, const MeasuredFit& fit) {
  if (const std::string reason = why_diverged(fit); !reason.empty())
    return {Ending::diverged, reason};
  if (!outcome.reason.empty()) return outcome;
  if (outcome.ending == Ending::converged) outcome.reason = distance_left(fit);
  if (outcome.ending == Ending::budget_spent) outcome.reason = slope_left(fit);
  return outcome;
}

}  // namespace elbow
