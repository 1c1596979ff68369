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

/// Scale of a Metropolis proposal by Robbins & Monro's recursion towards a mean acceptance
/// probability: log s += n^-0.6 (acceptance - target) after the n-th transition since the start.
/// Source: Andrieu & Thoms 2008, eq. 19.
class AcceptanceScale {
 public:
  AcceptanceScale(double target_acceptance, double scale)
      : target_(target_acceptance), scale_(scale) {}

  /// Forgets the past.
  void restart(double scale);
  /// @param acceptance  in [0, 1], of the transition made with `scale()`
  void update(double acceptance);
  double scale() const { return scale_; }

 private:
  double target_, scale_;
  double count_ = 0;
};

/// Variances of the coordinates of several chains, each over its own draws (Welford 1962).
class RunningVariance {
 public:
  RunningVariance(Index dimension, Index chains);

  void clear();
  /// @param z  [D x chains]  the next draw of every chain
  void add(Draws z);
  Index count() const { return count_; }
  /// Sums of squared distances from the mean. [D x chains]
  const Eigen::MatrixXd& squares() const { return squares_; }
  /// The sample variance of one coordinate of one chain. @pre count() >= 2
  double variance(Index coordinate, Index chain) const {
    return squares_(coordinate, chain) / double(count_ - 1);
  }
  /// The standard deviations of all; one that is zero or not finite, because the chain has not
  /// moved there, leaves what was in its place. @param[in,out] sd  [D x chains]
  void update_sd(DrawsOut sd) const;

 private:
  Index count_ = 0;
  Eigen::MatrixXd mean_, squares_;  ///< [D x chains]
};

/// Mean and covariance of one chain's draws (Welford 1962).
class RunningCovariance {
 public:
  /// @param full  false: variances alone
  RunningCovariance(Index dimension, bool full);

  void clear();
  /// @param z  [D]  the next draw
  void add(Vector z);
  const Eigen::VectorXd& mean() const { return mean_; }

  /// The lower Cholesky factor of the covariance, shrunk towards its diagonal with the weight of D
  /// draws, as there may be fewer draws than dimensions. @param[out] factor  [D x D]; its upper
  /// triangle has no meaning
  /// @return false, with `factor` as it was, where there is none: the chain has not moved in some
  /// coordinate, or not been finite.
  bool factorise(Eigen::MatrixXd& factor);

 private:
  bool full_;
  Index count_ = 0;
  Eigen::VectorXd mean_, gap_, squares_;  ///< [D]
  Eigen::MatrixXd products_;              ///< [D x D] lower triangle
  Eigen::MatrixXd work_;                  ///< [D x D]
};

}  // namespace elbow
