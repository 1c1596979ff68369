#pragma once

#include <elbow/estimator.hpp>
#include <vector>

#include "cell/ingredients.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// What weighted particles are worth: pareto_k and ess_weights of their Pareto-smoothed weights,
/// and how far they are from what is known of the target, see add_distances.
/// @param prefix  of the groups: "", or "fit_" where a sampler follows
void add_particle_metrics(const Particles& particles, const Ingredients& cell, Model& target,
                          const std::string& prefix, CellWriter& writer,
                          std::vector<Metric>& metrics);

}  // namespace elbow
