#pragma once

#include <elbow/parameters.hpp>
#include <elbow/types.hpp>
#include <span>
#include <string>

namespace elbow {

/// N data items, each with its own latent z, under a model with trainable parameters theta:
/// log p(x_n, z_n; theta). What amortised inference works on (Kingma & Welling 2014, eq. 1-3).
class LatentItems {
 public:
  enum class Split { train, validation, test };

  virtual ~LatentItems() = default;

  virtual Index item_count(Split split) const = 0;
  virtual Index latent_dimension() const = 0;
  /// C, the length of an item's features for an encoder.
  virtual Index feature_dimension() const = 0;

  /// @param      items  [B]      indices within `split`
  /// @param[out] out    [C x B]  what an encoder sees
  virtual void features(Split split, std::span<const Index> items, ContextOut out) = 0;

  virtual Parameters& parameters() = 0;

  /// @param      items  [B]
  /// @param      z      [Dz x (B K)]  K draws per item in the columns b K + k
  /// @param[out] log_p  [B K]         log p(x_b, z) = log prior + log likelihood, nats
  /// @param[out] log_prior [B K]      log p(z; theta) alone, or empty
  virtual void log_joint(Split split, std::span<const Index> items, Draws z, VectorOut log_p,
                         VectorOut log_prior) = 0;

  /// Of the most recent `log_joint`: adds sum_s w[s] d log_p[s] / d theta to `theta`.
  /// @param      weights  [B K]
  /// @param[out] g_z      [Dz x (B K)]  w[s] d log_p[s] / d z.col(s), or empty
  virtual void log_joint_pullback(Vector weights, GradientOut theta, DrawsOut g_z) = 0;

  /// Draws x ~ p(x | z; theta), or their means.
  /// @param[out] x  [feature shape of the model x S]
  virtual void decode(Draws z, DrawsOut x) = 0;
  /// The variable that one decoded item is, e.g. an image with its rows and columns.
  virtual Variable item() const = 0;
};

}  // namespace elbow
