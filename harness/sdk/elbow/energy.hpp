#pragma once

#include <elbow/parameters.hpp>
#include <elbow/types.hpp>

namespace elbow {

/// An unnormalised density over data, log phi(x; theta), whose normaliser is unknown
/// (Gutmann & Hyvarinen 2012, eq. 2).
class Energy {
 public:
  virtual ~Energy() = default;

  virtual Index data_dimension() const = 0;
  /// The observed data. [X x N], one item per column; lives as long as the model.
  virtual Draws data() const = 0;
  virtual Parameters& parameters() = 0;

  /// @param      x        [X x S]
  /// @param[out] log_phi  [S]
  virtual void log_phi(Draws x, VectorOut log_phi) = 0;

  /// Of the most recent `log_phi`: adds sum_s w[s] d log_phi[s] / d theta to `theta`.
  /// @param      weights  [S]
  /// @param[out] g_x      [X x S]  w[s] d log_phi[s] / d x.col(s), or empty
  virtual void log_phi_pullback(Vector weights, GradientOut theta, DrawsOut g_x) = 0;
};

}  // namespace elbow
