#include "cell/reference_sample.hpp"

#include <algorithm>
#include <elbow/error.hpp>

namespace elbow {

Eigen::MatrixXd evenly_spaced(Draws x, Index n) {
  if (x.cols() <= n) return x;
  Eigen::MatrixXd chosen(x.rows(), n);
  for (Index i = 0; i < n; ++i) chosen.col(i) = x.col(i * x.cols() / n);
  return chosen;
}

Index distance_draws(Index variables) {
  return std::clamp<Index>(4'000'000 / std::max<Index>(1, variables), 100, 10'000);
}

ReferenceSample reference_sample(Model& model, Index variables, Index most, RandomStream stream) {
  ReferenceSample sample;
  Reference* reference = model.reference();
  if (!reference) return sample;
  if (const Eigen::MatrixXd draws = reference->reference_draws(); draws.cols() > 1) {
    if (draws.rows() != variables)
      throw Error("Reference::reference_draws has " + std::to_string(draws.rows()) +
                  " rows, expected " + std::to_string(variables) +
                  ", the number of constrained variables");
    sample.x = evenly_spaced(draws, most);
  }
  if (!reference->has_exact_sampler() || !model.density()) return sample;
  sample.z.resize(model.density()->dimension(), most);
  reference->sample(stream, sample.z);
  if (sample.x.size() == 0) {
    sample.x.resize(variables, most);
    model.density()->constrain(sample.z, sample.x);
  }
  return sample;
}

}  // namespace elbow
