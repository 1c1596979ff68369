#pragma once

#include <elbow/types.hpp>

namespace elbow {

/// The energy Bayesian fraction of missing information of every chain, without keeping the
/// energies: the squared changes of the energy from draw to draw over its squared deviations from
/// the mean. 2 for independent energies; below about 0.3 new momenta are too small a step for the
/// energies that the target has. Source: Betancourt 2016, "Diagnosing suboptimal cotangent
/// disintegrations in Hamiltonian Monte Carlo", section 2.
class EnergyFraction {
 public:
  explicit EnergyFraction(Index chains);
  /// The next draw's energy of every chain. [chains]
  void add(Vector energy);
  /// NaN below four draws, and for energies that never change. [chains]
  Eigen::VectorXd fractions() const;

 private:
  Index count_ = 0;
  Eigen::ArrayXd before_, mean_, deviations_, changes_;  ///< [chains]
};

}  // namespace elbow
