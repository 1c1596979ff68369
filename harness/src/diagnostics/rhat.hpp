#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// Potential scale reduction: the larger of the split R-hats of the rank-normalised draws and of
/// the rank-normalised folded draws. 1 at convergence; below 1.01 is usually asked for.
/// @param x  [n x chains]  one chain is compared with itself, by halves
/// @return NaN for a constant, with a NaN, or with n < 4; agrees with `rhat` of R's `posterior`.
/// Source: Vehtari et al. 2021, section 4.
double rhat(Draws x);

/// Split R-hat of the draws themselves (Gelman et al. 2013); misses chains of unequal scale, and
/// needs a finite variance.
double rhat_basic(Draws x);

/// R-hat of given sequences, neither split nor rank-normalised.
double rhat_of_sequences(Draws x);

}  // namespace elbow
