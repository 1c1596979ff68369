#include "cell/particle_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "cell/distances.hpp"
#include "cell/draw_groups.hpp"
#include "cell/pareto_k_metric.hpp"
#include "diagnostics/weighted_draws.hpp"

namespace elbow {

void add_particle_metrics(const Particles& particles, const Ingredients& cell, Model& target,
                          const std::string& prefix, CellWriter& writer,
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
  const Eigen::VectorXd weights = normalised_weights(log_weights);
  const double ess = 1 / weights.squaredNorm();
  metrics.push_back({"ess_weights", ess, not_a_number, "draws",
                     "effective sample size of the particles' smoothed weights"});
  Density& density = *target.density();
  const Index variables = variable_count(density.variables());
  Eigen::MatrixXd x(variables, count);
  density.constrain(particles.z, x);
  ComparedDraws draws;
  draws.moments = weighted_moments(x, weights);
  const std::vector<Index> chosen =
      systematic_choice(weights, std::min(count, distance_draws(variables)));
  draws.x = x(Eigen::all, chosen);
  draws.ess = Eigen::VectorXd::Constant(variables, ess);
  add_distances(draws, target,
                reference_sample(target, variables, distance_draws(variables),
                                 cell.stream("reference draws")),
                cell.evaluation, cell.stream("distances"), prefix, writer, metrics);
  const std::vector<Index> independent = systematic_choice(
      weights, std::min({cell.evaluation.kernel_draws, count, Index(std::ceil(ess))}));
  if (&target == cell.counted.get() || &target == cell.model.get())
    add_stein_discrepancy(*cell.model->density(), particles.z(Eigen::all, independent), metrics);
}

}  // namespace elbow
