#include "diagnostics/systematic_choice.hpp"

namespace elbow {

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
