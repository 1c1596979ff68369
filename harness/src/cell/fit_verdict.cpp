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

/// The least that the fit may have without being worse than the start.
double least_elbo(const MeasuredFit& fit) {
  return fit.start.value - std::fmax(1, 5 * fit.start.mcse);
}

/// What is wrong with the ELBO; empty where nothing is.
std::string low_elbo(const MeasuredFit& fit) {
  if (!find(fit, "elbo")) return "";
  const double elbo = value(fit, "elbo");
  if (!std::isfinite(elbo)) return "the ELBO of the fit is " + short_number(elbo);
  // That of the end is no better than its estimate: what draws may miss is far below, not above.
  if (elbo < least_elbo(fit))
    return "the ELBO of the fit, " + short_number(elbo) + ", is below that of its start, " +
           short_number(fit.start.value);
  return "";
}

/// Whether the weights of a step rest on more than its heaviest draw.
bool shared_weights(const MeasuredFit& fit) {
  constexpr double enough = 0.04;
  return fit.effective_draws >= 1 + enough * double(fit.step_draws - 1);
}

std::string why_diverged(const MeasuredFit& fit) {
  const bool tells = value(fit, "pareto_k") < 0.7 || shared_weights(fit);
  const bool covers = tells && !(value(fit, "log_evidence_psis") < least_elbo(fit));
  return covers ? "" : low_elbo(fit);
}

/// Of `nats` or less, or of weights that do not tell where `reliably` is asked for: empty.
std::string distance_left(const MeasuredFit& fit, double nats, bool reliably) {
  const Metric* elbo = find(fit, "elbo");
  const Metric* evidence = find(fit, "log_evidence_psis");
  const Metric* k = find(fit, "pareto_k");
  if (!elbo || !evidence || !k) return "";
  const double left = evidence->value - elbo->value;
  const bool reliable = k->value < pareto_k_threshold(fit.draws);
  if (reliable ? !(left > std::fmax(nats, 3 * elbo->mcse)) : reliably) return "";
  return "the approximation is " + std::string(reliable ? "" : "at least ") +
         short_number(left, 3) + " nats from the posterior by importance sampling, pareto_k " +
         short_number(k->value, 2);
}

/// Objectives by importance weights are content with a q that covers the posterior, and hardly tell
/// one that is much wider from one that is not.
std::string too_wide(const MeasuredFit& fit) {
  constexpr double much = 1;  // nats
  return std::isnan(fit.effective_draws) ? "" : distance_left(fit, much, true);
}

/// Gradients by importance weights are biased, or mostly noise, where few draws have the weight.
std::string few_weights(const MeasuredFit& fit) {
  if (std::isnan(fit.effective_draws) || !find(fit, "pareto_k")) return "";
  const double k = value(fit, "pareto_k");
  if (!shared_weights(fit))
    return "of " + std::to_string(fit.step_draws) + " draws of a step " +
           short_number(fit.effective_draws, 3) + " had the weight";
  if (!(k < pareto_k_threshold(fit.draws)))
    return "the weights that the steps rest upon are unreliable: pareto_k " + short_number(k, 2);
  return "";
}

/// At an optimum the mean gradient is little beside the noise of one estimate, also where steps
/// have died away. Where there is next to no noise, a slope that matters to nobody stands out too.
std::string slope_left(const MeasuredFit& fit) {
  constexpr double worth_it = 0.01;
  const Metric* ratio = find(fit, "gradient_snr");
  if (!ratio || !std::isfinite(ratio->value)) return "";
  const double squared_norm = value(fit, "gradient_variance") * std::pow(ratio->value, 2);
  const bool steep = ratio->value > 1 + 3 * ratio->mcse && squared_norm > worth_it;
  return steep ? "the fit stands still on a slope: the mean gradient at the end is " +
                     short_number(ratio->value, 3) + " times its noise"
               : "";
}

}  // namespace

Outcome judged(Outcome outcome, const MeasuredFit& fit) {
  if (const std::string reason = why_diverged(fit); !reason.empty())
    return {Ending::diverged, reason};
  const std::string weights = few_weights(fit);
  if (outcome.reason.empty() && outcome.ending == Ending::converged)
    outcome.reason = distance_left(fit, 0.02, false);
  if (outcome.reason.empty() && outcome.ending == Ending::budget_spent) {
    outcome.reason = low_elbo(fit);
    if (outcome.reason.empty()) outcome.reason = slope_left(fit);
    if (outcome.reason.empty() && weights.empty()) outcome.reason = too_wide(fit);
  }
  if (!weights.empty()) outcome.reason += (outcome.reason.empty() ? "" : "; ") + weights;
  return outcome;
}

}  // namespace elbow
