#include "cell/transition_measures.hpp"

#include <algorithm>
#include <elbow/math.hpp>

namespace elbow {

TransitionMeasures::TransitionMeasures(std::vector<TraceField> fields, Index chains,
                                       double max_tree_depth)
    : fields_(std::move(fields)),
      max_tree_depth_(max_tree_depth),
      depth_row_(row_of("tree_depth")),
      energy_row_(row_of("energy")),
      sum_(Eigen::VectorXd::Zero(Index(fields_.size()))),
      energies_(chains) {}

Index TransitionMeasures::row_of(const std::string& name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const TraceField& field) { return field.name == name; });
  return found == fields_.end() ? -1 : found - fields_.begin();
}

void TransitionMeasures::add(Draws statistics) {
  sum_ += statistics.rowwise().sum();
  count_ += statistics.cols();
  if (energy_row_ >= 0) energies_.add(statistics.row(energy_row_).transpose());
  if (depth_row_ >= 0 && max_tree_depth_ > 0)
    depth_hits_ += (statistics.row(depth_row_).array() >= max_tree_depth_).count();
}

void TransitionMeasures::add_metrics(std::vector<Metric>& metrics) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const TraceField& field = fields_[i];
    if (field.name == "diverging")
      metrics.push_back({"divergences", sum_[Index(i)], not_a_number, "draws",
                         "transitions after warm-up that diverged"});
    else
      metrics.push_back({field.name, sum_[Index(i)] / double(std::max<Index>(1, count_)),
                         not_a_number, field.unit, "mean over draws and chains of: " + field.help});
  }
  if (depth_row_ >= 0 && max_tree_depth_ > 0)
    metrics.push_back({"max_tree_depth_hits", double(depth_hits_), not_a_number, "draws",
                       "transitions after warm-up whose path reached max_tree_depth"});
  if (energy_row_ >= 0)
    metrics.push_back({"ebfmi_min", energies_.fractions().minCoeff<Eigen::PropagateNaN>(),
                       not_a_number, "",
                       "smallest energy Bayesian fraction of missing information of a chain; below "
                       "0.3 momenta are too small a step for the target's energies"});
}

}  // namespace elbow
