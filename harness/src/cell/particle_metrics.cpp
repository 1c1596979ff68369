#include "cell/particle_metrics.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "cell/draw_groups.hpp"
#include "cell/moments.hpp"
#include "cell/pareto_k_metric.hpp"

namespace elbow {

void add_particle_metrics(const Particles& particles, const Ingredients& cell, Model& target,
                          std::vector<Metric>& metrics) {
  const Index count = particles.z.cols();
  if (count < 4) return;
  Eigen::VectorXd log_weights = particles.log_weights;
  if (log_weights.size() == 0) {
    log_weights = Eigen::VectorXd::Zero(count);
  } else {
    if (!std::isfinite(log_weights.maxCoeff<Eigen::PropagateNaN>())) return;
    const Psis smoothed = psis(log_weights);
    metrics.push_back(pareto_k_metric(log_weights, smoothed));
    log_weights = smoothed.log_weights;
  }
  // std::exp, because Eigen's gives -inf a little more than the weight zero.
  const double highest = log_weights.maxCoeff();
  Eigen::VectorXd weights =
      log_weights.unaryExpr([&](double log_weight) { return std::exp(log_weight - highest); });
  weights /= weights.sum();
  metrics.push_back({"ess_weights", 1 / weights.squaredNorm(), not_a_number, "draws",
                     "effective sample size of the particles' smoothed weights"});
  Density& density = *target.density();
  const Index variables = variable_count(density.variables());
  const auto known = reference_moments(target, variables, cell.stream("reference"));
  if (!known) return;
  Eigen::MatrixXd constrained(variables, count);
  density.constrain(particles.z, constrained);
  add_moment_errors(weighted_moments(constrained, weights), *known, metrics);
}

}  // namespace elbow
