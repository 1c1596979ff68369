#pragma once

#include <elbow/types.hpp>
#include <vector>

namespace elbow {

/// Step size of a Hamiltonian sampler by dual averaging towards a mean acceptance probability, with
/// gamma = 0.05, t0 = 10, kappa = 0.75. Source: Hoffman & Gelman 2014, section 3.2, eq. 6.
class DualAveraging {
 public:
  explicit DualAveraging(double target_acceptance) : target_(target_acceptance) {}

  /// Forgets the past; shrinks towards ten times `step_size`.
  void restart(double step_size);
  /// @param acceptance  in [0, 1], of the transition made with `step_size()`
  void update(double acceptance);

  double step_size() const { return step_size_; }  ///< to use in the next warm-up transition
  double averaged_step_size() const { return averaged_; }  ///< to keep once warm-up is over

 private:
  double target_;
  double centre_ = 0;    ///< log of ten times the first step size
  double mean_gap_ = 0;  ///< weighted mean of target - acceptance
  double count_ = 0;
  double step_size_ = 1, averaged_ = 1;
};

/// When a warm-up gathers draws for a metric or a proposal's covariance: after 75 transitions, in
/// windows of 25, 50, 100, ... transitions, the last one reaching to 50 before the end. A warm-up
/// of fewer than 150 transitions has one window from 15% to 90%, one of fewer than 20 has none.
/// Source: Stan reference manual, "Automatic parameter tuning".
class WarmupWindows {
 public:
  explicit WarmupWindows(Index warmup);

  /// Whether this transition's draws belong to a window. @param iteration  from 0
  bool gathers(Index iteration) const;
  /// Whether this transition is the last of a window, after which the gathered draws are used.
  bool closes(Index iteration) const;

 private:
  Index first_ = 0;
  std::vector<Index> ends_;  ///< one past the last transition of every window
};

/// Variances of the coordinates of several chains, each over its own draws (Welford 1962).
class RunningVariance {
 public:
  RunningVariance(Index dimension, Index chains);

  void clear();
  /// @param z  [D x chains]  the next draw of every chain
  void add(Draws z);
  Index count() const { return count_; }
  /// The sample variance of one coordinate of one chain. @pre count() >= 2
  double variance(Index coordinate, Index chain) const {
    return squares_(coordinate, chain) / double(count_ - 1);
  }

 private:
  Index count_ = 0;
  Eigen::MatrixXd mean_, squares_;  ///< [D x chains]
};

}  // namespace elbow
