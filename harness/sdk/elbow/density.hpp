#pragma once

#include <elbow/types.hpp>
#include <span>
#include <vector>

namespace elbow {

/// A log density over unconstrained space R^D, in nats, every constant kept and the log-Jacobian of
/// the constraining transform included: exp(log_density) integrates over R^D to the evidence.
/// A point outside the support has -inf, and a gradient of zeros; it is never an exception.
/// A block of S columns gives the same numbers as S blocks of one column, up to rounding.
class Density {
 public:
  virtual ~Density() = default;

  /// D, the number of unconstrained coordinates.
  virtual Index dimension() const = 0;

  /// The constrained variables, in the order in which `constrain` writes them. Their sizes add up
  /// to C, which differs from D where a transform changes the dimension (simplex, covariance) or
  /// where derived quantities are reported too.
  virtual std::vector<Variable> variables() const = 0;

  /// @param      z      [D x S]
  /// @param[out] log_p  [S]
  virtual void log_density(Draws z, VectorOut log_p) = 0;

  /// @param[out] log_p     [S]
  /// @param[out] gradient  [D x S]  d log_p[s] / d z.col(s)
  /// A model that does not declare the ability `gradient` need not override this; it throws.
  virtual void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient);

  /// Maps draws to the constrained variables. The default is the identity (C = D); it throws Error
  /// where the sizes of the variables do not add up to D.
  /// @param[out] x  [C x S]  the variables behind each other, each column-major
  virtual void constrain(Draws z, DrawsOut x) const;

  /// N, the number of data items that `use_items` can choose from; 0 without the ability
  /// `minibatch`.
  virtual Index item_count() const { return 0; }

  /// Makes the density prior(z) + N/B * (sum over the B items given), an unbiased estimate of the
  /// full log density. An empty span means all items. Indices may repeat.
  virtual void use_items(std::span<const Index> items);
};

/// Gives points where the arithmetic left the range of double (an infinite coordinate, a scale that
/// under- or overflowed) what the contract says of points without density: -inf and a gradient of
/// zeros. A NaN among the coordinates passes through.
/// @param         z         [D x S]
/// @param[in,out] log_p     [S]
/// @param[in,out] gradient  [D x S], or empty
void mark_outside_support(Draws z, VectorOut log_p, DrawsOut gradient);

}  // namespace elbow
