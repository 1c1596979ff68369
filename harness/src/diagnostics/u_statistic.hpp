#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// The mean of h(v_i, v_j) over all pairs i < j of independent v, with the standard error of
/// Hoeffding's variance 4 (n - 2) / (n (n - 1)) zeta_1 + 2 / (n (n - 1)) zeta_2, where zeta_1 is
/// the variance of E[h(v, v') | v] and zeta_2 that of h; both are estimated from h. Where the
/// first vanishes, at the null of a two-sample statistic, the error is on the safe side: too large
/// by a factor between 1 and 1.5. NaN passes through.
/// @param h  [n x n]  symmetric; its diagonal is not used. n >= 4
/// Source: Serfling 1980, "Approximation theorems of mathematical statistics", lemma 5.2.1A.
Estimate u_statistic(Draws h);

}  // namespace elbow
