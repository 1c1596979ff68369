#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cell/chain_groups.hpp"
#include "cell/draw_groups.hpp"

namespace elbow {

/// The draws of all chains, in the groups of the warm-up or of the draws proper; where paths
/// diverged they go into groups of their own, which are there when one did. Chain c of C ensembles
/// of W walkers is walker c % W of ensemble c / W.
class ChainRecorder {
 public:
  /// @param prefix  of the groups' names; empty for the draws proper
  ChainRecorder(SamplingWork& work, ChainGroups& groups, const std::string& prefix);

  /// Stores the draws of the latest transition.
  void append();
  /// Stores the divergences of the latest transition.
  void append_divergences();

  Index chains() const { return ensembles_ * layout_.walkers(); }
  Index variables() const { return draws_.variable_count(); }
  const Eigen::MatrixXd& unconstrained() const { return z_; }  ///< [D x chains] of the latest draw
  const Eigen::MatrixXd& constrained() const { return x_; }    ///< [C x chains]

 private:
  Density& density() const { return *work_.target.density(); }

  SamplingWork& work_;
  ChainGroups& groups_;
  const RowLayout& layout_;
  std::string prefix_;
  Index ensembles_;
  DrawGroups draws_;
  std::optional<DrawGroups> divergences_;
  Index transitions_ = 0;
  Eigen::MatrixXd measures_;  ///< [1 + F x walkers]
  Eigen::MatrixXd z_, x_;
};

}  // namespace elbow
