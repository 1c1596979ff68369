#pragma once

#include <elbow/family.hpp>
#include <memory>

namespace elbow::flows {

/// The distribution r(e) over R^D that a flow starts from. Pull-backs belong to the most recent
/// call of their function.
class FlowBase {
 public:
  virtual ~FlowBase() = default;

  virtual NoiseShape noise() const = 0;
  /// Room for S draws, which only grows.
  virtual void reserve(Index draws) = 0;

  /// @param      noise  [R x S]
  /// @param[out] e      [D x S]
  /// @param[out] log_r  [S]  log r(e), or empty
  virtual void draw(Draws noise, DrawsOut e, VectorOut log_r) = 0;
  /// Adds sum_s [(de_s/dphi)^T g_e,s + (dlog_r_s/dphi) g_log_r,s], total derivatives, to `phi`.
  /// @param g_log_r  [S]  or empty for zeros
  virtual void draw_pullback(Draws g_e, Vector g_log_r, GradientOut phi) = 0;

  /// @param[out] log_r  [S]
  virtual void log_density(Draws e, VectorOut log_r) = 0;
  /// @param      w    [S]
  /// @param[out] g_e  [D x S]  w[s] grad log r(e_s)
  virtual void log_density_pullback(Vector w, GradientOut phi, DrawsOut g_e) = 0;
};

std::unique_ptr<FlowBase> normal_base(Index dimension);

/// The options `base` and `components`. A flow from normal numbers is a transport, too.
std::vector<Option> base_options();
/// By these options; adds its own parameters.
std::unique_ptr<FlowBase> make_base(const Options& options, Index dimension, Parameters& parameters,
                                    RandomStream& stream);

}  // namespace elbow::flows
