#pragma once

#include <elbow/types.hpp>
#include <vector>

#include "diagnostics/energy_fraction.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// What the statistics of a sampler come to over all transitions after warm-up: sums of
/// `diverging`, hits of the largest `tree_depth`, the energy Bayesian fraction of missing
/// information from `energy`, and means of the others.
class TransitionMeasures {
 public:
  /// @param max_tree_depth  the sampler's bound on its `tree_depth`; 0 without one
  TransitionMeasures(std::vector<TraceField> fields, Index chains, double max_tree_depth);

  /// One transition of every chain. @param statistics  [F x chains]
  void add(Draws statistics);
  /// divergences, max_tree_depth_hits, ebfmi_min, and a mean for each of the other fields.
  void add_metrics(std::vector<Metric>& metrics) const;

 private:
  /// The row of a field; -1 without one.
  Index row_of(const std::string& name) const;

  std::vector<TraceField> fields_;
  double max_tree_depth_;
  Index depth_row_, energy_row_;
  Eigen::VectorXd sum_;  ///< [F]
  Index count_ = 0, depth_hits_ = 0;
  EnergyFraction energies_;
};

}  // namespace elbow
