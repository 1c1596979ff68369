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
  double effective_draws;  ///< of the last steps, of an estimator that weights; NaN otherwise
  Index step_draws;        ///< that it weights against each other; 0 where that is not known
};

/// The outcome in the light of what the fit has come to.
///
/// `diverged`, when it is worse than its start: the ELBO is not finite, or below that of the start
/// by more than a nat and the start's error, and importance sampling from the fit fails too, as
/// k-hat is 0.7 or above (Vehtari et al. 2024, section 3.2) or the evidence that it gives is below
/// the start's ELBO, which is a lower bound. A fit that covers the posterior may well have a low
/// ELBO, and one by weights that the draws of a step share may have a high k-hat too.
///
/// Otherwise a reason:
/// - of `converged`, how far from the posterior a method ended whose own end says nothing of it (of
///   a path, at a mode, at a fixed point, at the optimum for one set of draws);
/// - of `budget_spent`, that the ELBO fell below that of the start, that there was a slope left to
///   climb, or, of an estimator that weights its draws, that they are a nat or more from the
///   posterior, where k-hat says that importance sampling can tell;
/// - of both, that the weights which the gradients were made of rest on too few draws: k-hat is 0.7
///   or above, or next to no draw but the heaviest counts.
Outcome judged(Outcome outcome, const MeasuredFit& fit);

}  // namespace elbow
