#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// Effective sample sizes: the number of independent draws that would estimate as well. All take
/// x [n x chains] with S = n chains, split each chain in two, sum autocorrelations by Geyer's
/// initial monotone sequence, are capped at S log10 S, and agree with R's `posterior`.
/// They are NaN for a constant, with a NaN or an infinity (a rank-normalised variant ranks
/// infinities instead), and with n < 6.
/// Source: Vehtari et al. 2021, section 3 and 4.
///
/// Above 1, `walkers` says how many neighbouring chains are one ensemble, whose members depend on
/// one another while ensembles do not. A mean over all draws is then a mean over the ensembles' own
/// means in time: its error is told from their autocorrelations, which have those between the
/// walkers in them, and S is as above. With independent walkers it is the same number but for
/// noise. Source: Goodman & Weare 2010, section 5.

/// Of the rank-normalised draws: how well the centre is explored; exists without finite moments.
double ess_bulk(Draws x, Index walkers = 1);
/// The smaller one of the 5% and the 95% quantile.
double ess_tail(Draws x, Index walkers = 1);
/// Of the draws themselves, for estimates of the mean ("basic" split ESS in the field).
double ess_mean(Draws x, Index walkers = 1);
/// Of |x - mean|, for estimates of the standard deviation.
double ess_sd(Draws x, Index walkers = 1);
/// For the p-quantile. @pre 0 <= p <= 1
double ess_quantile(Draws x, double p, Index walkers = 1);

/// Of given sequences, neither split nor rank-normalised.
double ess_of_sequences(Draws x, Index walkers = 1);

/// Monte-Carlo standard errors, in the unit of x, of estimates from all draws.
double mcse_mean(Draws x, Index walkers = 1);
double mcse_sd(Draws x, Index walkers = 1);
/// Half the width of a 68% interval of the quantile, from the Beta distribution of its level.
double mcse_quantile(Draws x, double p, Index walkers = 1);
/// The same from all draws in ascending order and the quantile's effective sample size.
double mcse_of_sorted(Vector sorted, double p, double ess);

}  // namespace elbow
