#pragma once

#include <elbow/parameters.hpp>
#include <elbow/random.hpp>
#include <elbow/types.hpp>
#include <span>
#include <string>

namespace elbow {

/// Facet: the prior of the latents is N(mean, diag(sd^2)) for every item, so that its KL from
/// another Gaussian has a closed form.
class GaussianPrior {
 public:
  virtual ~GaussianPrior() = default;
  /// @param[out] mean, log_sd  [Dz]  at the current theta
  virtual void moments(VectorOut mean, VectorOut log_sd) = 0;
  /// Adds g_mean . d mean / d theta + g_log_sd . d log_sd / d theta to `theta`.
  virtual void pullback(Vector g_mean, Vector g_log_sd, GradientOut theta) = 0;
};

/// Facet: the prior is the mixture of the encoder's own posteriors at P trainable pseudo-inputs
/// (VampPrior: Tomczak & Welling 2018, eq. 9). The model owns the pseudo-inputs, the family says
/// what its posteriors there are, and whoever has both brings them together:
///
///     bind(features and pseudo-inputs) -> set_components(means and log sds at the pseudo-inputs)
///     ... log_joint_pullback -> component gradients -> family's pull-back ->
///     pseudo_inputs_pullback
///
/// Until components are set they are all N(0, I).
class MixturePrior {
 public:
  virtual ~MixturePrior() = default;
  virtual Context pseudo_inputs() = 0;  ///< [C x P]
  /// @param mean, log_sd  [Dz x P]  kept
  virtual void set_components(Draws mean, Draws log_sd) = 0;
  /// Of the most recent `log_joint_pullback`. [Dz x P] each, overwritten.
  virtual void components_gradient(DrawsOut g_mean, DrawsOut g_log_sd) = 0;
  /// Adds to `theta`. @param g  [C x P]
  virtual void pseudo_inputs_pullback(Context g, GradientOut theta) = 0;
};

/// Facet: log p(x) itself is known, to measure bounds and fits against.
class KnownEvidence {
 public:
  virtual ~KnownEvidence() = default;
  /// Of the chosen items at the current theta. @param[out] log_p  [B]
  virtual void item_log_evidence(VectorOut log_p) = 0;
  /// The mean over all training items at the theta where it is largest, nats per item.
  virtual double maximum() = 0;
};

/// N data items, each with its own latent z, under a model with trainable parameters theta:
/// log p(x_n, z_n; theta) = log p(x_n | z_n; theta) + log p(z_n; theta). What amortised inference
/// works on (Kingma & Welling 2014, eq. 1-3).
///
/// `use_items` (or `dream`) chooses the B items that everything after it speaks of, until the next
/// such call. Thread-safe: no.
class LatentItems {
 public:
  enum class Split { train, validation, test };

  virtual ~LatentItems() = default;

  virtual Index item_count(Split split) const = 0;
  virtual Index latent_dimension() const = 0;  ///< Dz, of all stochastic layers together
  /// Coordinates of the second stochastic layer, the last ones of z; 0 with one layer.
  virtual Index second_dimension() const { return 0; }
  /// C, the length of an item's features for an encoder.
  virtual Index feature_dimension() const = 0;
  virtual Parameters& parameters() = 0;

  /// Gathers B items once; encoder and likelihood see the same numbers.
  /// @param items   [B]  indices within `split`; may repeat
  /// @param stream  the noise of the data, where they have noise (binarisation drawn anew)
  virtual void use_items(Split split, std::span<const Index> items, RandomStream stream) = 0;

  /// B items drawn from the model itself at the current theta take the place of data.
  /// @param[out] z  [Dz x B]  the latents that they were made from
  virtual void dream(RandomStream stream, DrawsOut z) = 0;

  /// What an encoder sees of the chosen items; valid until others are chosen. [C x B]
  virtual Context features() const = 0;

  /// @param      z               [Dz x (B K)]  K draws per item in the columns b K + k
  /// @param[out] log_likelihood  [B K]  log p(x_b | z; theta), nats; or empty
  /// @param[out] log_prior       [B K]  log p(z; theta), nats; or empty. Not both are empty.
  virtual void log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior) = 0;

  /// Of the most recent `log_joint`: adds to `theta` and writes to `g_z` the gradient of
  /// sum_s [ likelihood_weights[s] log_likelihood[s] + prior_weights[s] log_prior[s] ].
  /// @param      likelihood_weights, prior_weights  [B K]  or empty for zeros, which costs nothing;
  ///             empty where `log_joint` had an empty block
  /// @param      theta  default constructed when only g_z is wanted
  /// @param[out] g_z    [Dz x (B K)]  overwritten; or empty
  virtual void log_joint_pullback(Vector likelihood_weights, Vector prior_weights,
                                  GradientOut theta, DrawsOut g_z) = 0;

  virtual GaussianPrior* gaussian_prior() { return nullptr; }
  virtual MixturePrior* mixture_prior() { return nullptr; }
  virtual KnownEvidence* known_evidence() { return nullptr; }

  /// The variable that one item is, e.g. an image with the dims (row, column).
  virtual Variable item() const = 0;
  /// The means of p(x | z; theta). @param[out] x  [item().size() x S]
  virtual void decode(Draws z, DrawsOut x) = 0;
  /// The chosen items themselves. @param[out] x  [item().size() x B]
  virtual void values(DrawsOut x) = 0;
  /// Which of an item's numbers the likelihood counts: 1 or 0 for each; empty where it counts all.
  virtual Eigen::VectorXd observed() const { return {}; }
};

}  // namespace elbow
