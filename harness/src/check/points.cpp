#include "check/points.hpp"

#include <elbow/error.hpp>

namespace elbow::check {
namespace {

Eigen::MatrixXd candidates(const Subject& subject, Model& model) {
  const Index dimension = model.density()->dimension();
  Eigen::MatrixXd z = normals("points", dimension, 10);
  if (subject.can(Ability::discrete)) return (z.array() > 0).cast<double>();
  z.rightCols(3) *= 0.1;
  Reference* reference = model.reference();
  if (reference && reference->has_exact_sampler()) {
    RandomStream draws = stream("exact draws");
    reference->sample(draws, z.leftCols(4));
  }
  return z;
}

}  // namespace

Eigen::VectorXd log_density(Density& density, Draws z) {
  Eigen::VectorXd log_p = Eigen::VectorXd::Constant(z.cols(), 12345.0);
  density.log_density(z, log_p);
  return log_p;
}

ValueAndGradient log_density_gradient(Density& density, Draws z) {
  ValueAndGradient result{Eigen::VectorXd::Constant(z.cols(), 12345.0),
                          Eigen::MatrixXd::Constant(z.rows(), z.cols(), 12345.0)};
  density.log_density_gradient(z, result.value, result.gradient);
  return result;
}

DensityBench density_bench(const Subject& subject) {
  Made<Model> model = subject.model();
  Density* density = model->density();
  if (!density) throw Error("the model has no density");
  const Eigen::MatrixXd all = candidates(subject, *model);
  const Eigen::VectorXd log_p = log_density(*density, all);
  std::vector<Index> finite;
  for (Index s = 0; s < all.cols(); ++s)
    if (std::isfinite(log_p[s])) finite.push_back(s);
  if (finite.size() < 2)
    throw Error(say("the log density is finite at ", finite.size(), " of ", all.cols(),
                    " points near 0; expected 2 or more"));
  return {std::move(model), *density, all(Eigen::all, finite)};
}

}  // namespace elbow::check
