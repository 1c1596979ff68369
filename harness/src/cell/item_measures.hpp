#pragma once

#include <elbow/joint_target.hpp>
#include <vector>

#include "cell/ingredients.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// What an amortised fit is worth on the items of one split, nats per item. Standard errors are
/// Monte Carlo's, of the draws, and not of the choice of items.
struct ItemMeasures {
  Estimate rate;        ///< KL(q(z | x) || p(z)): in closed form where both are Gaussian
  Estimate distortion;  ///< -E log p(x | z)
  Estimate elbo;        ///< -(rate + distortion)
  /// Coordinates u whose posterior means have a variance over the items above 0.01 (Burda et al.
  /// 2016, section 5.2).
  double active_units;
  /// Lower bound on the information between items and latents (van den Oord et al. 2018, as in
  /// Poole et al. 2019, eq. 12, with the encoder as critic), at most the logarithm of the number of
  /// items that are told apart. The rate is an upper bound. NaN where it was not asked for.
  Estimate mutual_information;
};

/// An importance-sampling estimate of log p(x), mean over items.
struct ItemLogLikelihood {
  Estimate mean;            ///< its error from the draws, by the delta method
  double error_over_items;  ///< standard error of the mean as one over random items
  double effective_draws;   ///< mean over items of 1 / sum of squared normalised weights
  Index items, draws;
};

/// Measures of the current approximation over data items with latents of their own. Data noise is
/// the same in all calls, so that one fit and another, or two checkpoints, are compared on the same
/// numbers. Memory does not grow with items or draws.
class ItemEvaluation {
 public:
  using Split = LatentItems::Split;

  /// Whether the model has items and the family context for them.
  static bool applies(const Ingredients& cell);
  explicit ItemEvaluation(Ingredients& cell);

  Index items(Split split) const;

  /// @param most  the split's first items, if there are so many
  /// @param draws  of each item; at least 2
  /// @param told_apart  items among which the mutual information is measured; below 2: it is not
  ItemMeasures measure(Split split, Index most, Index draws, Index told_apart,
                       RandomStream stream) const;

  ItemLogLikelihood log_likelihood(Split split, Index most, Index draws, RandomStream stream) const;

  /// Exact, where the model knows it; mean over the split's first items.
  double log_evidence(Split split, Index most) const;
  KnownEvidence* known_evidence() const;

  /// Some test items with their decoded reconstructions, and items that the model draws itself.
  void write_examples(Index count, RandomStream stream, CellWriter& writer) const;
  /// Of a prior that is made of the encoder's posteriors: those.
  void write_prior_components(CellWriter& writer) const;

 private:
  Estimate mutual_information(Split split, Index items, RandomStream stream) const;

  Ingredients& cell_;
  LatentItems& model_;
  Family& family_;
};

/// Everything at the end of a fit: writes examples, adds metrics of train and test.
void add_item_metrics(Ingredients& cell, CellWriter& writer, std::vector<Metric>& metrics);

}  // namespace elbow
