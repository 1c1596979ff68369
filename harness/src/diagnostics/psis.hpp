#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// A generalised Pareto distribution of excesses over a threshold: density
/// (1 + k x / sigma)^(-1/k - 1) / sigma for x > 0; moments below order 1/k exist.
struct GeneralizedPareto {
  double k;
  double sigma;
};

/// The fit of Zhang & Stephens (2009), an average over the profile likelihood, with k drawn towards
/// 0.5 by a weak prior worth ten observations (Vehtari et al. 2024, appendix C).
/// @param excess  [N]  ascending and positive, N >= 5
/// @return k = +inf when there is no fit, e.g. when a quarter of the excesses are zero.
GeneralizedPareto fit_generalized_pareto(Vector excess);

/// Importance weights whose largest ones are replaced by the expected order statistics of the
/// Pareto tail fitted to them.
struct Psis {
  Eigen::VectorXd log_weights;  ///< [S]  on the scale of the ratios given; not normalised
  double pareto_k;              ///< k-hat; +inf where no tail could be fitted, as in `loo`
  double ess;                   ///< r_eff / sum of squared normalised weights
};

/// Pareto-smoothed importance sampling; agrees with `psis` of R's `loo`.
/// @param log_ratios  [S]  log p - log q of draws from q. -inf is a weight of zero. With a NaN, a
///                    +inf or no finite ratio the weights are the ratios, and k and ess are NaN.
/// @param r_eff       relative efficiency of the draws: 1 when independent, ESS / S for a chain
/// The tail is the largest ceil(min(S / 5, 3 sqrt(S / r_eff))) ratios; no fit below five of them.
/// O(S log S) time. Source: Vehtari et al. 2024, algorithm 1.
Psis psis(Vector log_ratios, double r_eff = 1);

/// The k-hat up to which S weights can be trusted: min(1 - 1/log10 S, 0.7).
double pareto_k_threshold(Index draws);

/// Whether weights differ by no more than rounding: their largest and smallest logarithms by at
/// most 1e-9, relative where they are large. `psis` has no k-hat for them, or that of the rounding,
/// though none are better. False without a finite one.
bool equal_weights(Vector log_ratios);

/// 1 / sum of squared normalised weights; NaN when they cannot be normalised.
double weight_ess(Vector log_weights);

/// log (1/S) sum w, an estimate of the log evidence when the weights are p/q of draws from q; plain
/// or Pareto-smoothed alike.
/// The standard error is by the delta method, sqrt((S sum w~^2 - 1) / (S - 1)) with normalised w~;
/// it knows only of the weights seen: see `psis_log_evidence` where they may have a heavy tail.
/// -inf with error NaN when all weights are zero; NaN with a NaN.
Estimate log_mean_weight(Vector log_weights);

/// `log_mean_weight` of smoothed weights. With k-hat above 0.5 the variance of the weights is
/// infinite and the standard error NaN, as what the delta method gives is then too small: 1.4 times
/// at a k-hat of 0.57, and the more the heavier the tail.
Estimate psis_log_evidence(const Psis& smoothed);

}  // namespace elbow
