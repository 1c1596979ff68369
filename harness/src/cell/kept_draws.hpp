#pragma once

#include <elbow/types.hpp>
#include <vector>

namespace elbow {

/// Draws kept in memory for the diagnostics of chains, up to a fixed size: when it is full every
/// second draw is given up and from then on only every 2nd, 4th, ... draw is kept, so that memory
/// does not grow with the length of the chains.
class KeptDraws {
 public:
  static constexpr Index usual_numbers = 8'000'000;

  /// @param most_numbers  kept at most, but at least 1000 draws per chain
  /// @param walkers       neighbouring chains that are one ensemble
  KeptDraws(Index variables, Index chains, Index most_numbers = KeptDraws::usual_numbers,
            Index walkers = 1);

  /// One draw of every chain. @param x  [C x chains]
  void add(Draws x);

  /// Estimates and diagnostics of every variable, see draws_summary. [F x C]
  Eigen::MatrixXd summaries() const;
  /// At most n draws, evenly spaced, those of a chain behind each other. [C x n]
  Eigen::MatrixXd spread(Index n) const;
  /// Every how many draws one is kept.
  Index stride() const { return stride_; }
  /// How many draws (kept ones times the stride) at the end of a chain are equal in all variables;
  /// 0 with fewer than two.
  Index stalled_for(Index chain) const;
  Index chains() const { return chains_; }

 private:
  /// [draws x chains] of variable c.
  Eigen::MatrixXd variable(Index c) const;

  Index variables_, chains_, walkers_;
  Index capacity_;    ///< draws per chain
  Index kept_ = 0;    ///< draws per chain
  Index stride_ = 1;  ///< every stride-th draw is kept
  Index seen_ = 0;
  Eigen::MatrixXd values_;  ///< [C chains x capacity] grows by doubling
};

}  // namespace elbow
