#pragma once

#include <elbow/estimator.hpp>
#include <vector>

#include "cell/ingredients.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// What weighted particles are worth: pareto_k and ess_weights of their Pareto-smoothed weights,
/// and the errors of their moments against what is known of the target.
void add_particle_metrics(const Particles& particles, const Ingredients& cell, Model& target,
                          std::vector<Metric>& metrics);

}  // namespace elbow
