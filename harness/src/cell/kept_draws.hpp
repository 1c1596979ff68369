#pragma once

#include <elbow/types.hpp>
#include <vector>

#include "cell/moments.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// Draws kept in memory for the diagnostics of chains, up to a fixed size: when it is full every
/// second draw is given up and from then on only every 2nd, 4th, ... draw is kept, so that memory
/// does not grow with the length of the chains.
class KeptDraws {
 public:
  KeptDraws(Index variables, Index chains);

  /// One draw of every chain. @param x  [C x chains]
  void add(Draws x);

  /// rhat_max, ess_bulk_min, ess_tail_min, and the moments of all variables with the standard
  /// errors of chains. Constant quantities (the diagonal of a correlation matrix) are left out of
  /// the extremes.
  void add_diagnostics(std::vector<Metric>& metrics) const;
  MomentEstimates moments() const;
  /// Whether there are several draws and no variable of any chain ever changed.
  bool stalled() const;

 private:
  /// [draws x chains] of variable c.
  Eigen::MatrixXd variable(Index c) const;

  Index variables_, chains_;
  Index capacity_;    ///< draws per chain
  Index kept_ = 0;    ///< draws per chain
  Index stride_ = 1;  ///< every stride-th draw is kept
  Index seen_ = 0;
  Eigen::MatrixXd values_;  ///< [C chains x capacity] grows by doubling
};

}  // namespace elbow
