#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cell/chain_process.hpp"
#include "cell/chain_row.hpp"
#include "cell/sampling_work.hpp"

namespace elbow {

class Chain;

/// The chains of a cell, distributed over processes; transitions are taken from all of them in
/// step, so that what comes out does not depend on the number of processes.
class ChainGroups {
 public:
  /// Starts the chains from `states`, in as many processes as there are processors to be had.
  /// @param states  to outlive this
  ChainGroups(SamplingWork& work, ChainStates& states);
  ~ChainGroups();
  ChainGroups(const ChainGroups&) = delete;

  /// The next transition of every chain.
  /// @return nothing, or how it ended: then the rows are of the transition before
  std::optional<Outcome> next();

  /// Why the chains end with the rows that `next` has just given; nothing when they go on.
  std::optional<Outcome> ended();

  const std::vector<TraceField>& fields() const { return fields_; }  ///< the sampler's statistics
  const RowLayout& layout() const { return layout_; }
  /// Of every chain's latest transition; before the first one its start. See `has_place`.
  std::vector<Eigen::VectorXd>& rows() { return rows_; }
  Index transitions() const { return transitions_; }  ///< that all chains have made
  /// Whether the rows say where the chains are: walkers have places from the first transition on.
  bool has_place() const { return transitions_ > 0 || layout_.walkers() == 1; }
  /// Where the transition of chain c diverged. @pre it did
  auto divergence(std::size_t c) { return layout_.z(divergences_[c]).col(0); }

  /// Adds what the chains have cost up to these rows to the cell's counts and clock.
  void add_costs();

 private:
  ChainProcess::Next receive(ChainProcess& process, Eigen::VectorXd& row);
  /// The processes end; what they had come to is still taken, as far as all chains have got.
  void stop();

  SamplingWork& work_;
  std::vector<Chain> chains_;
  std::vector<TraceField> fields_;
  RowLayout layout_;
  std::vector<Eigen::VectorXd> rows_, divergences_;
  std::vector<Eigen::VectorXd> coming_, coming_divergences_;  ///< of the next transition
  std::vector<ChainProcess> processes_;
  Index transitions_ = 0;
  bool stopped_ = false;
};

}  // namespace elbow
