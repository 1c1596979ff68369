#include "cell/chain_distances.hpp"

#include <algorithm>
#include <cmath>

#include "cell/chain_diagnostics.hpp"
#include "cell/distances.hpp"
#include "diagnostics/draws_summary.hpp"

namespace elbow {

void add_chain_distances(Ingredients& cell, Model& target, const KeptDraws& kept,
                         const KeptDraws& unconstrained, Draws summaries, CellWriter& writer,
                         std::vector<Metric>& metrics) {
  const Index variables = summaries.cols(), most = distance_draws(variables);
  const Eigen::VectorXd ess = summaries.row(draws_summary_place("ess_bulk")).transpose();
  add_distances({kept.spread(most), ess, moments_of(summaries)}, target,
                reference_sample(target, variables, most, cell.stream("reference draws")),
                cell.evaluation, cell.stream("distances"), "", writer, metrics);
  // Draws of a surrogate are not draws of the model.
  if (&target != cell.counted.get() || variables == 0) return;
  const double least = ess.minCoeff<Eigen::PropagateNumbers>();
  const Index independent = std::isnan(least) ? 0 : std::max<Index>(50, Index(least));
  add_stein_discrepancy(*cell.model->density(),
                        unconstrained.spread(std::min(cell.evaluation.kernel_draws, independent)),
                        metrics);
}

}  // namespace elbow
