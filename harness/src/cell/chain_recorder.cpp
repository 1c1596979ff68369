#include "cell/chain_recorder.hpp"

namespace elbow {
namespace {

std::vector<TraceField> with_density(const std::vector<TraceField>& fields) {
  std::vector<TraceField> all = {{"lp", "log density of the target", "nats"}};
  all.insert(all.end(), fields.begin(), fields.end());
  return all;
}

}  // namespace

ChainRecorder::ChainRecorder(SamplingWork& work, ChainGroups& groups, const std::string& prefix)
    : work_(work),
      groups_(groups),
      layout_(groups.layout()),
      prefix_(prefix),
      ensembles_(work.cell.settings.chains),
      draws_(density(), chains(), with_density(groups.fields()), prefix, work.writer),
      measures_(1 + Index(groups.fields().size()), layout_.walkers()),
      z_(density().dimension(), chains()),
      x_(draws_.variable_count(), chains()) {}

void ChainRecorder::append() {
  const Index walkers = layout_.walkers();
  for (Index e = 0; e < ensembles_; ++e) {
    Eigen::VectorXd& row = groups_.rows()[std::size_t(e)];
    measures_.row(0) = layout_.lp(row).transpose();
    measures_.bottomRows(measures_.rows() - 1).colwise() = layout_.statistics(row);
    z_.middleCols(e * walkers, walkers) = layout_.z(row);
    draws_.append_across(e * walkers, z_.middleCols(e * walkers, walkers), measures_);
    x_.middleCols(e * walkers, walkers) = draws_.constrained();
  }
}

void ChainRecorder::append_divergences() {
  const Eigen::VectorXd transition = Eigen::VectorXd::Constant(1, double(transitions_++));
  for (Index e = 0; e < ensembles_; ++e) {
    if (layout_.diverged(groups_.rows()[std::size_t(e)]) == 0) continue;
    if (!divergences_)
      divergences_.emplace(
          density(), ensembles_,
          std::vector<TraceField>{{"transition", "of the chain in which the path diverged", ""}},
          prefix_ + "divergence_", work_.writer);
    divergences_->append(e, groups_.divergence(std::size_t(e)), transition);
  }
}

}  // namespace elbow
