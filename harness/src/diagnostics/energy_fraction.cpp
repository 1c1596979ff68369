#include "diagnostics/energy_fraction.hpp"

#include <elbow/math.hpp>

namespace elbow {

EnergyFraction::EnergyFraction(Index chains)
    : before_(chains),
      mean_(Eigen::ArrayXd::Zero(chains)),
      deviations_(Eigen::ArrayXd::Zero(chains)),
      changes_(Eigen::ArrayXd::Zero(chains)) {}

void EnergyFraction::add(Vector energy) {
  if (count_++ > 0) changes_ += (energy.array() - before_).square();
  const Eigen::ArrayXd gap = energy.array() - mean_;
  mean_ += gap / double(count_);
  deviations_ += gap * (energy.array() - mean_);
  before_ = energy;
}

Eigen::VectorXd EnergyFraction::fractions() const {
  if (count_ < 4) return Eigen::VectorXd::Constant(before_.size(), not_a_number);
  return changes_ / deviations_;  // 0 / 0 where the energy never changes
}

}  // namespace elbow
