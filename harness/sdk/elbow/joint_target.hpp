#pragma once

#include <elbow/estimator.hpp>

namespace elbow {

/// What a black-box estimator works on, written once for both kinds of target:
///
///     LatentItems  B items of this step with K draws each under q(z | x_b; phi); theta is trained
///                  too
///     Density      `copies` items (independent bounds, say) with K draws each under q(z; phi);
///                  log p is their log likelihood, and their log prior is zero
///
/// Columns b K + k of every block belong to item b. A mixture-of-posteriors prior is brought
/// together with its family here: the encoder sees features and pseudo-inputs in one pass, and the
/// pull-backs below include what the prior contributes to phi and to the pseudo-inputs.
///
/// Order of calls in a step: begin; sample; log_joint; log_joint_pullback; one pull-back of q.
/// Nothing is allocated once the largest batch has been seen. Thread-safe: no.
class JointTarget {
 public:
  /// @throws Unsupported when the items need a conditional family, or their prior one with
  /// closed-form posteriors, and the family is not.
  JointTarget(Model& model, Family& family, Index draws_per_item);

  /// phi, and theta where there are items: the order of all `gradients` below.
  std::vector<Parameters*> trained() const;
  LatentItems* latent_items() const { return items_; }

  /// Chooses this step's training items (all where the fit names none) and binds the family to
  /// them. Data noise comes from a substream of the fit's own.
  void begin(const Fit& fit);
  /// The same for any items. @param items  empty: all of the split
  void begin(LatentItems::Split split, std::span<const Index> items, RandomStream stream);
  /// The same for items that the model draws from itself, with one draw each: log q of these
  /// latents can be asked for and pulled back. @param[out] z  [Dz x B]
  void begin_dream(Index items, RandomStream stream, DrawsOut z);

  Index items() const { return count_; }  ///< B
  Index draws_per_item() const { return draws_per_item_; }
  Index draws() const { return count_ * draws_per_item_; }  ///< B K

  Family& family() const { return family_; }

  /// @param      z  [Dz x (B K)]
  /// @param[out] log_likelihood, log_prior  [B K]; either may be empty for LatentItems
  /// @param      with_gradient  whether a pull-back follows
  void log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior, bool with_gradient);

  /// Of the most recent `log_joint`, as LatentItems::log_joint_pullback; where there are no items
  /// the likelihood's weights count.
  void log_joint_pullback(Vector likelihood_weights, Vector prior_weights,
                          std::span<const GradientOut> gradients, DrawsOut g_z);

  /// Family::sample_pullback.
  void sample_pullback(Draws g_z, Vector g_log_q, std::span<const GradientOut> gradients);
  /// DiagonalGaussian::pullback. @param g_mean, g_log_sd  [Dz x B]
  void gaussian_pullback(Draws g_z, Draws g_mean, Draws g_log_sd,
                         std::span<const GradientOut> gradients);
  /// Family::log_prob_pullback to the parameters.
  void log_prob_pullback(Vector w, std::span<const GradientOut> gradients);

 private:
  void bind(Index draws_per_item);
  /// Adds what the prior's components contribute to the family's gradient and the pseudo-inputs'.
  void add_components(Draws g_z, Vector g_log_q, std::span<const GradientOut> gradients);

  Family& family_;
  Density* density_;
  LatentItems* items_;
  MixturePrior* mixture_ = nullptr;
  DiagonalGaussian* gaussian_ = nullptr;
  Index draws_per_item_;
  Index count_ = 1;
  std::vector<Index> all_;                      ///< 0 ... N - 1 of a split
  Eigen::MatrixXf context_, context_gradient_;  ///< [C x (B + P)], with a mixture prior
  Eigen::MatrixXd g_z_;                         ///< [D x (B K)] d log p / dz of a Density
  Eigen::MatrixXd g_mean_, g_log_sd_;           ///< [Dz x (B + P)], with a mixture prior
};

}  // namespace elbow
