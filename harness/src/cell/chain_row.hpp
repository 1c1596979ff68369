#pragma once
#include <Eigen/Core>
#include <elbow/types.hpp>

namespace elbow {

/// What a chain's process tells of a transition, as one row of numbers: z [D x W] and lp [W] of the
/// W walkers (one, where a chain is no ensemble), statistics [F], then whether a row with the place
/// of a divergence follows, how it went, and what it has cost since the process began.
class RowLayout {
 public:
  RowLayout(Index dimension, Index walkers, Index statistics)
      : dimension_(dimension), walkers_(walkers), statistics_(statistics) {}

  Index walkers() const { return walkers_; }
  Index size() const { return (dimension_ + 1) * walkers_ + statistics_ + 6; }
  Eigen::Map<Eigen::MatrixXd> z(Eigen::VectorXd& row) const {
    return {row.data(), dimension_, walkers_};
  }
  auto lp(Eigen::VectorXd& row) const { return row.segment(dimension_ * walkers_, walkers_); }
  auto statistics(Eigen::VectorXd& row) const {
    return row.segment((dimension_ + 1) * walkers_, statistics_);
  }
  double& diverged(Eigen::VectorXd& row) const { return row[row.size() - 6]; }
  double& progress(Eigen::VectorXd& row) const { return row[row.size() - 5]; }
  double& rejections(Eigen::VectorXd& row) const { return row[row.size() - 4]; }
  double& densities(Eigen::VectorXd& row) const { return row[row.size() - 3]; }
  double& gradients(Eigen::VectorXd& row) const { return row[row.size() - 2]; }
  double& seconds(Eigen::VectorXd& row) const { return row[row.size() - 1]; }

 private:
  Index dimension_, walkers_, statistics_;
};

}  // namespace elbow
