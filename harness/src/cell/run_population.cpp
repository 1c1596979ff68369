#include <elbow/math.hpp>

#include "cell/calibration_ranks.hpp"
#include "cell/completions.hpp"
#include "cell/draw_groups.hpp"
#include "cell/particle_metrics.hpp"
#include "cell/sampling_work.hpp"
#include "data/short_number.hpp"
#include "diagnostics/psis.hpp"

namespace elbow {
namespace {

/// What one loop over a population's transitions needs.
struct PopulationLoop {
  SamplingWork& work;
  Sampler& sampler;
  ChainStates& states;
  Eigen::MatrixXd statistics;  ///< [F x chains]
  Eigen::VectorXd log_weights;
  double log_evidence = 0;
  Index iteration = 0;

  Progress step() {
    set_streams(work.cell, 0, iteration, states.streams);
    Transition transition{iteration,          false,      states.streams, states.place,
                          states.log_density, statistics, log_weights,    0};
    statistics.setConstant(not_a_number);
    work.clock.start();
    const Progress progress = on_behalf_of(*work.cell.method_variant.sampler,
                                           [&] { return sampler.transition(transition); });
    work.clock.stop();
    ++iteration;
    log_evidence += transition.log_evidence_increment;
    return progress;
  }
};

/// The error of the log evidence that a population reports; NaN where it does not.
double log_evidence_error(const PopulationLoop& loop, const std::vector<TraceField>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == "log_evidence_sd") return loop.statistics(Index(i), 0);
  return not_a_number;
}

/// That the weights are too uneven to be relied on (Vehtari et al. 2024, section 3.2); else empty.
std::string uneven_reason(const std::vector<Metric>& metrics, Index particles) {
  const Metric* pareto_k = find_metric(metrics, "pareto_k");
  const double threshold = pareto_k_threshold(particles);
  if (!pareto_k || !(pareto_k->value > threshold)) return "";
  return "k-hat of the weights is " + short_number(pareto_k->value, 3) + ", above " +
         short_number(threshold, 2) + ", the threshold for " + std::to_string(particles) +
         " draws: neither the weighted draws nor the evidence can be relied on";
}

}  // namespace

Outcome run_population(SamplingWork& work, ChainStates& states) {
  Ingredients& cell = work.cell;
  Model& moved = work.moved.model();
  const std::unique_ptr<Sampler> sampler =
      cell.make_sampler(moved, work.moved.fitted(), cell.settings.chains);
  const std::vector<TraceField> fields = sampler->statistics();
  on_behalf_of(*cell.method_variant.sampler, [&] {
    sampler->start(states.streams, states.place, states.log_density);
    return 0;
  });
  PopulationLoop loop{work, *sampler, states,
                      Eigen::MatrixXd(Index(fields.size()), cell.settings.chains),
                      Eigen::VectorXd::Zero(cell.settings.chains)};
  std::vector<TraceField> columns = {
      {"log_evidence_increment", "log evidence gained by the transition", "nats"}};
  columns.insert(columns.end(), fields.begin(), fields.end());
  RowStream& rows = work.writer.rows("sampler_trace", "iteration", columns);
  Outcome outcome{Ending::budget_spent, "before the population reached its target"};
  const Index budget = cell.settings.warmup + cell.settings.draws * cell.settings.thin;
  Eigen::VectorXd row(Index(columns.size()));
  while (loop.iteration < budget) {
    if (work.stop.received()) {
      outcome = {Ending::timed_out,
                 "wall limit reached after " + std::to_string(loop.iteration) + " transitions"};
      break;
    }
    const double before = loop.log_evidence;
    const Progress progress = loop.step();
    row[0] = loop.log_evidence - before;
    row.tail(loop.statistics.rows()) = loop.statistics.rowwise().mean();
    rows.append(double(loop.iteration), row);
    if (progress == Progress::going) continue;
    outcome = progress == Progress::converged ? Outcome{Ending::converged, ""}
              : progress == Progress::diverged
                  ? Outcome{Ending::diverged, ""}
                  : Outcome{Ending::non_finite,
                            "the sampler met a number that is not finite in transition " +
                                std::to_string(loop.iteration)};
    break;
  }
  Particles particles{Eigen::MatrixXd(states.place.rows(), states.place.cols()), loop.log_weights};
  Eigen::VectorXd log_p(states.place.cols());
  work.moved.to_target(states.place, states.log_density, particles.z, log_p);
  rank_in_particles(cell, particles, *work.target.density(), work.writer);
  complete_from_particles(cell, particles, work.writer);
  write_particles(particles, *work.target.density(), "", work.writer);
  const std::size_t evidence = work.metrics.size();
  work.metrics.push_back({"log_evidence_sampler", loop.log_evidence,
                          log_evidence_error(loop, fields), "nats",
                          "sum of the population's log evidence increments"});
  add_particle_metrics(particles, cell, work.target, "", work.writer, work.metrics);
  // Weights that one transition made are all that its error is told by, and of such a tail they
  // have no variance.
  if (const Metric* pareto_k = find_metric(work.metrics, "pareto_k");
      loop.iteration == 1 && pareto_k && pareto_k->value > 0.5)
    work.metrics[evidence].mcse = not_a_number;
  if (outcome.ending == Ending::converged)
    outcome.reason = uneven_reason(work.metrics, cell.settings.chains);
  return outcome;
}

}  // namespace elbow
