#pragma once

#include <elbow/types.hpp>
#include <vector>

namespace elbow {

/// Weights with sum 1 of draws with these logarithms, of which the largest is finite.
Eigen::VectorXd normalised_weights(const Eigen::VectorXd& log_weights);

/// n draws in proportion to their weights, by systematic resampling from the middle of each
/// stratum: draw i occurs n w_i times, rounded up or down; ascending.
/// @param weights  not negative, with sum 1
std::vector<Index> systematic_choice(const Eigen::VectorXd& weights, Index n);

}  // namespace elbow
