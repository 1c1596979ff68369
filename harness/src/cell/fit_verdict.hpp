#pragma once

#include <string>
#include <vector>

#include "cell/evaluate_fit.hpp"
#include "record/outcome.hpp"

namespace elbow {

/// What is known of a fit that has ended by itself.
struct MeasuredFit {
  ElboEstimate start;                  ///< of the family as it was made
  const std::vector<Metric>& metrics;  ///< of `evaluate_fit`
  std::string prefix;                  ///< that these have
  Index draws;                         ///< they are of so many
};

/// The outcome in the light of what the fit has come to.
///
/// `diverged`, when it is worse than its start: the ELBO is not finite, or below that of the start
/// by more than a nat and the start's error, and importance sampling from the fit fails too, as
/// k-hat is 0.7 or above (Vehtari et al. 2024, section 3.2) or the evidence that it gives is below
/// the start's ELBO, which is a lower bound. A fit that covers the posterior may well have a low
/// ELBO.
///
/// Otherwise a reason where there was none: of `converged`, how far from the posterior a method
/// ended whose own end says nothing of it (of a path, at a mode, at a fixed point, at the optimum
/// for one set of draws); of `budget_spent`, that there was a slope left to climb.
Outcome judged(Outcome outcome, const MeasuredFit& fit);

}  // namespace elbow
