#pragma once

#include <elbow/flows/scalar_map.hpp>
#include <elbow/parameters.hpp>
#include <elbow/random.hpp>
#include <string>
#include <vector>

namespace elbow::flows {

/// One invertible map of R^D, with the networks that give its numbers. The two ways keep what their
/// pull-backs need apart, so that a sample and a log density may be in flight together.
class FlowLayer {
 public:
  virtual ~FlowLayer() = default;

  /// Room for S draws, which only grows.
  virtual void reserve(Index draws) = 0;

  /// @param         features  [F x S]  of every draw's context, for layers made with F > 0
  /// @param[in,out] x  [D x S]  becomes y (up), or y becomes x (down)
  /// @param[in,out] log_determinant  [S]  log |det dy/dx| is added, either way; or empty
  virtual void apply(Way way, Parameters& parameters, Draws features, DrawsOut x,
                     VectorOut log_determinant) = 0;

  /// Of the most recent `apply` of this way, of g . (its result) + weight * log-determinant.
  /// @param[in,out] g           [D x S]  of the result, becomes that of what it was given
  /// @param         weight      [S]      or empty for zeros
  /// @param         phi         added to; default constructed where it is not wanted
  /// @param[in,out] g_features  [F x S]  added to
  virtual void pull_back(Way way, Parameters& parameters, DrawsOut g, Vector weight,
                         GradientOut phi, DrawsOut g_features) = 0;
};

/// What a coupling keeps and what it moves.
struct Split {
  std::vector<Index> keep, move;
};

/// y_keep = x_keep, y_move = tau(x_move; network(x_keep, features)), which begins as the identity.
/// Dinh et al. 2017, eq. 4-8.
std::unique_ptr<FlowLayer> coupling(Parameters& parameters, const std::string& name, Split split,
                                    Index features, const std::vector<Index>& hidden,
                                    const MakeMap& make_map, RandomStream& stream);

/// On which side of the map the network looks at the coordinates before the i-th.
enum class Conditioner {
  draw,  ///< y_i = tau(x_i; network(y_<i)): the way down is one pass (Papamakarios et al. 2017)
  noise  ///< y_i = tau(x_i; network(x_<i)): the way up is one pass (Kingma et al. 2016)
};

/// Every coordinate by those before it, through one network with masks (Germain et al. 2015). The
/// other way, and its pull-back, repeats the pass until nothing changes, which is after D times at
/// the latest: pass k leaves the first k coordinates as they must be.
/// @param order  a permutation of 0 ... D - 1: which coordinate is first, second, ...
std::unique_ptr<FlowLayer> autoregressive(Parameters& parameters, const std::string& name,
                                          const std::vector<Index>& order, Conditioner conditioner,
                                          const std::vector<Index>& hidden, const MakeMap& make_map,
                                          RandomStream& stream);

}  // namespace elbow::flows
