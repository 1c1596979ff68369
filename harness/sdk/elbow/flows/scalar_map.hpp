#pragma once

#include <elbow/types.hpp>
#include <functional>
#include <memory>

/// What flows are built from. Nothing in this folder crosses the boundary between host and plugin.
namespace elbow::flows {

/// From the noise to the draw, or back.
enum class Way { up, down };

/// Increasing maps of the line, one per coordinate and draw: up, y_i = tau(x_i; p_i), or down its
/// inverse. p_i are P numbers that a network gives; all zero, they make the identity. A map keeps
/// what its pull-back needs, and does not allocate within the room that was reserved.
class ScalarMap {
 public:
  virtual ~ScalarMap() = default;

  virtual Index parameters() const = 0;  ///< P
  /// Room for [coordinates x draws], which only grows.
  virtual void reserve(Index coordinates, Index draws) = 0;

  /// @param         p  [P M x S]  row j M + i is number j of coordinate i
  /// @param[in,out] x  [M x S]    becomes y (up), or y becomes x (down)
  /// @param[in,out] log_determinant  [S]  sum_i log tau'(x_i) is added, either way; or empty
  virtual void apply(Way way, Draws p, DrawsOut x, VectorOut log_determinant) = 0;

  /// Of the most recent `apply`, of g . (its result) + weight * log-determinant.
  /// @param[in,out] g       [M x S]  of the result, becomes that of what it was given
  /// @param         weight  [S]      or empty for zeros
  /// @param[out]    g_p     [P M x S]
  virtual void pull_back(Way way, Draws p, DrawsOut g, Vector weight, DrawsOut g_p) = 0;
};

/// Layers keep two maps, one for each way.
using MakeMap = std::function<std::unique_ptr<ScalarMap>()>;

/// y = x exp(s) + t with p = (B artanh(s / B), t), so that |s| < B. Dinh et al. 2017, eq. 7.
std::unique_ptr<ScalarMap> affine_map(double largest_log_scale);

/// Piecewise rational-quadratic on [-B, B] and the identity outside, differentiable everywhere:
/// K widths, K heights and K - 1 slopes. Durkan et al. 2019, section 3.1 and appendix A.
std::unique_ptr<ScalarMap> spline_map(Index bins, double bound);

/// One after the other on the way up.
std::unique_ptr<ScalarMap> composed_map(std::unique_ptr<ScalarMap> first,
                                        std::unique_ptr<ScalarMap> second);

}  // namespace elbow::flows
