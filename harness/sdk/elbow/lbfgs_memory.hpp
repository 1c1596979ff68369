#pragma once

#include <elbow/state_archive.hpp>

namespace elbow {

/// The limited-memory BFGS estimate H of minus the inverse Hessian of a function that is maximised,
/// from pairs of steps s and falls y of its gradient (the gradient before the step minus that
/// after it). Source: Nocedal & Wright 2006, algorithm 7.4.
class LbfgsMemory {
 public:
  /// @param size  P of the points   @param pairs  how many pairs are kept
  LbfgsMemory(Index size, Index pairs);

  void clear() { count_ = 0; }
  bool empty() const { return count_ == 0; }
  /// Keeps a pair in place of the oldest, unless the function is not concave along it.
  void add(Vector step, Vector fall);
  /// Replaces a gradient by the quasi-Newton direction H times it; leaves it alone without pairs.
  /// @param[in,out] direction  [P]
  void precondition(VectorOut direction);
  void state(StateArchive& archive) { archive(count_, steps_, falls_, products_); }

 private:
  Index count_ = 0;                    ///< pairs taken in so far
  Eigen::MatrixXd steps_, falls_;      ///< [P x memory]
  Eigen::VectorXd products_, shares_;  ///< [memory]  s . y, and the first loop's coefficients
};

}  // namespace elbow
