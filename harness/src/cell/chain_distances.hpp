#pragma once

#include <vector>

#include "cell/ingredients.hpp"
#include "cell/kept_draws.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// How far the draws of chains are from what is known of the target, see add_distances, and from
/// the gradients of the model, see add_stein_discrepancy. Kernel discrepancies take as many draws
/// as the smallest bulk effective sample size, at least 50.
/// @param kept           [C] constrained draws
/// @param unconstrained  [D] the same, unconstrained
/// @param summaries      [F x C] see draws_summary
void add_chain_distances(Ingredients& cell, Model& target, const KeptDraws& kept,
                         const KeptDraws& unconstrained, Draws summaries, CellWriter& writer,
                         std::vector<Metric>& metrics);

}  // namespace elbow
