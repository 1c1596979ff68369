#pragma once

#include <elbow/state_archive.hpp>
#include <span>
#include <vector>

namespace elbow {

/// The iterates of a fit since it began or since `restart`, thinned to a bounded number of rows:
/// whether they still move as a whole, or only jitter around one point (Dhaka et al. 2020, section
/// 4). Of many parameters, 256 evenly spaced ones stand for all.
class IterateWindow {
 public:
  explicit IterateWindow(std::span<Parameters* const> trained);

  /// Takes in the parameters' values, and the step's objective.
  void add(double objective);
  void restart();
  Index count() const { return count_; }
  void state(StateArchive& archive) { archive(count_, stride_, filled_, rows_); }

  struct Mixing {
    /// Largest split R-hat of the numbers themselves, as a step size that dies away changes their
    /// spread: about 1 when settled, 2 and more on a steady drift; 1 where all has come to rest.
    double rhat = 1;
    double relative_mcse = 0;  ///< largest Monte-Carlo standard error of a mean, in units of the sd
    Index parameter = -1;      ///< where R-hat is largest, counted over all trained numbers
  };
  /// Of the later half of the iterates. Parameters that stand still beside others are left out;
  /// infinite where none moves although the objective does.
  Mixing mixing() const;

  struct Level {
    double mean, mcse, sd;
  };
  /// Of the objective, over the later half of the iterates.
  Level objective() const;

 private:
  Eigen::MatrixXd later_half(Index column) const;

  std::span<Parameters* const> trained_;
  std::vector<Index> tracked_;     ///< positions, counted over all trained numbers
  Eigen::MatrixXd rows_;           ///< [rows x 1 + tracked]  the objective first
  Index filled_ = 0, stride_ = 1;  ///< one row per `stride_` iterates
  Index count_ = 0;
};

}  // namespace elbow
