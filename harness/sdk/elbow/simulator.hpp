#pragma once

#include <elbow/random.hpp>
#include <elbow/types.hpp>
#include <span>
#include <vector>

namespace elbow {

/// A model that can be simulated but whose likelihood is unknown (Cranmer, Brehmer & Louppe 2020).
/// theta is in the model's own, constrained space here.
class Simulator {
 public:
  virtual ~Simulator() = default;

  virtual Index parameter_dimension() const = 0;
  virtual Index data_dimension() const = 0;
  virtual std::vector<Variable> parameters() const = 0;  ///< sizes add up to parameter_dimension

  /// Lowest and highest value of every parameter; infinite where there is none. [P]
  virtual Eigen::VectorXd lower() const = 0;
  virtual Eigen::VectorXd upper() const = 0;

  /// @param      streams  one per draw: a column depends on its own stream alone
  /// @param[out] theta    [P x S]
  virtual void sample_prior(std::span<RandomStream> streams, DrawsOut theta) = 0;

  /// @param[out] log_p       [S]      -inf outside the support
  /// @param[out] gradient    [P x S]  or empty
  virtual void log_prior(Draws theta, VectorOut log_p, DrawsOut gradient) = 0;

  /// @param      streams  one per draw
  /// @param[out] x        [X x S]
  virtual void simulate(Draws theta, std::span<RandomStream> streams, DrawsOut x) = 0;

  /// x_o, what was observed. [X]
  virtual Eigen::VectorXd observation() const = 0;
};

}  // namespace elbow
