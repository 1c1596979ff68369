#include "diagnostics/weighted_draws.hpp"

#include <cmath>

namespace elbow {

Eigen::VectorXd normalised_weights(const Eigen::VectorXd& log_weights) {
  // std::exp, because Eigen's gives -inf a little more than the weight zero.
  const double highest = log_weights.maxCoeff();
  Eigen::VectorXd weights =
      log_weights.unaryExpr([&](double log_weight) { return std::exp(log_weight - highest); });
  return weights / weights.sum();
}

std::vector<Index> systematic_choice(const Eigen::VectorXd& weights, Index n) {
  std::vector<Index> chosen;
  double below = 0;
  for (Index i = 0; i < weights.size() && Index(chosen.size()) < n; ++i) {
    below += weights[i];
    while (Index(chosen.size()) < n && (double(chosen.size()) + 0.5) / double(n) < below)
      chosen.push_back(i);
  }
  return chosen;
}

}  // namespace elbow
