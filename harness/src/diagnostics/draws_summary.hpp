#pragma once

#include <elbow/types.hpp>
#include <vector>

namespace elbow {

/// What `draws_summary` gives, in its order; units are those of the draws where none is named.
/// mean, sd, q5, q50, q95; their Monte-Carlo standard errors mcse_mean, mcse_sd, mcse_q5, mcse_q50,
/// mcse_q95; rhat; ess_bulk, ess_tail, ess_mean, ess_sd, ess_q5, ess_q50, ess_q95.
const std::vector<TraceField>& draws_summary_fields();

/// The place of a field in `draws_summary`. @pre there is one of that name
Index draws_summary_place(const std::string& name);

/// Estimates and diagnostics of one quantity from its chains, as `summarise_draws` of R's
/// `posterior` gives them; NaN as documented with the single functions.
/// @param x        [n x chains]
/// @param walkers  neighbouring chains that are one ensemble, see effective_sample_size.hpp; R-hat
///                 compares walkers as it does chains, because each must have seen all of the
///                 target
/// @return         [draws_summary_fields().size()]
/// O(S log S) time.
Eigen::VectorXd draws_summary(Draws x, Index walkers = 1);

}  // namespace elbow
