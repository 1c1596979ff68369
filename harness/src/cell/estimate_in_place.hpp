#pragma once

#include <elbow/optimizer.hpp>
#include <vector>

namespace elbow {

/// Replaces the trained parameters by the optimizer's estimate (averaged iterates).
class EstimateInPlace {
 public:
  /// @param optimizer  null where there is none; the parameters are then left as they are
  EstimateInPlace(std::span<Parameters* const> trained, const Optimizer* optimizer);
  /// Puts the iterate back.
  void restore();

 private:
  struct Iterate {
    Eigen::VectorXd f64;
    Eigen::VectorXf f32;
  };
  std::span<Parameters* const> trained_;
  std::vector<Iterate> iterates_;
};

}  // namespace elbow
