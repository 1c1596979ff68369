#include "diagnostics/rhat.hpp"

#include <cmath>
#include <limits>

#include "diagnostics/chains.hpp"

namespace elbow {

double rhat_of_sequences(Draws draws) {
  const double n = double(draws.rows()), m = double(draws.cols());
  if (n < 2 || m < 2 || without_variation(draws)) return std::numeric_limits<double>::quiet_NaN();
  const Eigen::MatrixXd x = from_first(draws);
  const Eigen::RowVectorXd means = chain_means(x);
  const double within = (x.rowwise() - means).squaredNorm() / (m * (n - 1));
  const double between = n * (means.array() - means.mean()).square().sum() / (m - 1);
  return std::sqrt((between / within + n - 1) / n);
}

double rhat_basic(Draws x) { return rhat_of_sequences(split_chains(x)); }

double rhat(Draws x) {
  const double bulk = rhat_of_sequences(rank_normalise(split_chains(x)));
  const double folded = rhat_of_sequences(rank_normalise(split_chains(fold(x))));
  // A NaN of either is the answer: max(NaN, 1.0) would hide it.
  return std::isnan(bulk) || std::isnan(folded) ? bulk + folded : std::fmax(bulk, folded);
}

}  // namespace elbow
