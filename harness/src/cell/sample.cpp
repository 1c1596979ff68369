#include "cell/sample.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "cell/chain_diagnostics.hpp"
#include "cell/draw_groups.hpp"
#include "cell/kept_draws.hpp"
#include "cell/particle_metrics.hpp"
#include "cell/transition_measures.hpp"
#include "diagnostics/draws_summary.hpp"

namespace elbow {
namespace {

/// The chains' state and streams.
struct Chains {
  Eigen::MatrixXd z;            ///< [D x chains]
  Eigen::VectorXd log_density;  ///< [chains]
  std::vector<RandomStream> streams;
};

/// Finds a point of finite density for every chain.
/// @return the number of the chain that has none after all tries, or -1
Index find_start(const Ingredients& cell, Density& density, Family* fitted, Chains& chains) {
  const RandomStream stream = cell.stream("start");
  for (Index chain = 0; chain < chains.z.cols(); ++chain) {
    RandomStream own = stream.substream(std::uint64_t(chain));
    chains.log_density[chain] = not_a_number;
    for (Index attempt = 0; attempt < cell.settings.initial_tries; ++attempt) {
      auto z = chains.z.col(chain);
      if (fitted) {
        Eigen::MatrixXd noise(fitted->noise().rows(), 1);
        fill_noise(fitted->noise(), own, noise);
        fitted->sample(noise, z, unwanted_vector());
      } else {
        own.fill_uniform(z);
        z = (2 * z.array() - 1) * cell.settings.initial_radius;
      }
      density.log_density(z, chains.log_density.segment(chain, 1));
      if (std::isfinite(chains.log_density[chain])) break;
    }
    if (!std::isfinite(chains.log_density[chain])) return chain;
  }
  return -1;
}

/// Why chains that stay where they are make no sample; empty where all move. A chain counts as
/// stalled when nothing in it changed over the second half of its draws, at least a hundred, or
/// when no chain ever moved.
std::string stalled_reason(const KeptDraws& kept, Index chains, Index draws) {
  const auto stays = [&](Index chain, Index least) { return kept.stalled_for(chain) >= least; };
  Index still = 0, first = -1;
  for (Index chain = 0; chain < chains; ++chain) {
    if (draws >= 2 && stays(chain, draws)) ++still;
    if (first < 0 && draws >= 200 && stays(chain, draws / 2)) first = chain;
  }
  if (still == chains) return "no chain moved in " + std::to_string(draws) + " draws";
  if (first < 0) return "";
  return "chain " + std::to_string(first) + " did not move in its last " +
         std::to_string(std::min(kept.stalled_for(first), draws)) + " draws";
}

/// What one loop over transitions needs.
struct Loop {
  Ingredients& cell;
  Sampler& sampler;
  Density& density;
  Chains& chains;
  MethodClock& clock;
  StopSignal& stop;
  Eigen::MatrixXd statistics;  ///< [F x chains]
  Eigen::VectorXd log_weights;
  double log_evidence = 0;
  Index iteration = 0;

  Progress step(bool warmup) {
    const RandomStream base = cell.stream("sampler");
    for (std::size_t c = 0; c < chains.streams.size(); ++c)
      chains.streams[c] = base.substream(c).substream(std::uint64_t(iteration));
    Transition transition{iteration,          warmup,     chains.streams, chains.z,
                          chains.log_density, statistics, log_weights,    0};
    statistics.setConstant(not_a_number);
    clock.start();
    const Progress progress =
        on_behalf_of(*cell.method_variant.sampler, [&] { return sampler.transition(transition); });
    clock.stop();
    ++iteration;
    log_evidence += transition.log_evidence_increment;
    return progress;
  }
};

std::string non_finite_reason(const Loop& loop) {
  return "the sampler met a number that is not finite in transition " +
         std::to_string(loop.iteration);
}

Outcome run_chains(Loop& loop, const std::vector<TraceField>& fields, Model& target,
                   CellWriter& writer, std::vector<Metric>& metrics) {
  Ingredients& cell = loop.cell;
  const MethodSettings& settings = cell.settings;
  std::vector<TraceField> stored = {{"lp", "log density of the target", "nats"}};
  stored.insert(stored.end(), fields.begin(), fields.end());
  Eigen::MatrixXd row(Index(stored.size()), settings.chains);
  const auto append = [&](DrawGroups& groups, Eigen::MatrixXd& constrained) {
    row.row(0) = loop.chains.log_density.transpose();
    row.bottomRows(loop.statistics.rows()) = loop.statistics;
    for (Index chain = 0; chain < settings.chains; ++chain) {
      groups.append(chain, loop.chains.z.col(chain), row.col(chain));
      constrained.col(chain) = groups.constrained();
    }
  };

  Outcome outcome{Ending::budget_spent, ""};
  const auto interrupted = [&](Progress progress) {
    if (loop.stop.received())
      outcome = {Ending::timed_out,
                 "wall limit reached after " + std::to_string(loop.iteration) + " transitions"};
    else if (progress == Progress::non_finite)
      outcome = {Ending::non_finite, non_finite_reason(loop)};
    else if (progress == Progress::diverged)
      outcome = {Ending::diverged, "in transition " + std::to_string(loop.iteration)};
    else
      return false;
    return true;
  };

  const Index variables = variable_count(loop.density.variables());
  Eigen::MatrixXd constrained(variables, settings.chains);
  bool stopped = false;
  if (settings.save_warmup && settings.warmup > 0) {
    DrawGroups warmup(loop.density, settings.chains, stored, "warmup_", writer);
    for (Index i = 0; i < settings.warmup && !stopped; ++i) {
      stopped = interrupted(loop.step(true));
      append(warmup, constrained);
    }
  } else {
    for (Index i = 0; i < settings.warmup && !stopped; ++i) stopped = interrupted(loop.step(true));
  }

  DrawGroups groups(loop.density, settings.chains, stored, "", writer);
  KeptDraws kept(variables, settings.chains);
  TransitionMeasures transitions(fields, settings.chains,
                                 cell.method_variant.sampler->options.value("max_tree_depth", 0.0));
  Index draws = 0;
  Index non_finite = 0;
  while (!stopped && draws < settings.draws) {
    for (Index skipped = 0; skipped < settings.thin && !stopped; ++skipped) {
      stopped = interrupted(loop.step(false));
      transitions.add(loop.statistics);
    }
    append(groups, constrained);
    kept.add(constrained);
    non_finite += settings.chains - constrained.array().isFinite().colwise().all().count();
    ++draws;
  }

  if (const std::string reason = stalled_reason(kept, settings.chains, draws);
      !stopped && !reason.empty())
    outcome = {Ending::diverged, reason};
  const Eigen::MatrixXd summaries = kept.summaries();
  write_per_variable("diagnostics", draws_summary_fields(), summaries, loop.density.variables(),
                     writer);
  add_chain_diagnostics(summaries, kept.stride(), metrics);
  transitions.add_metrics(metrics);
  metrics.push_back({"non_finite_draws", double(non_finite), not_a_number, "",
                     "stored draws with a number that is not finite"});
  if (draws >= 4)
    if (const auto known = reference_moments(target, variables, cell.stream("reference")))
      add_moment_errors(moments_of(summaries), *known, metrics);
  return outcome;
}

/// The error of the log evidence that a population reports; NaN where it does not.
double log_evidence_error(const Loop& loop, const std::vector<TraceField>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == "log_evidence_sd") return loop.statistics(Index(i), 0);
  return not_a_number;
}

Outcome run_population(Loop& loop, const std::vector<TraceField>& fields, Model& target,
                       CellWriter& writer, std::vector<Metric>& metrics) {
  std::vector<TraceField> columns = {
      {"log_evidence_increment", "log evidence gained by the transition", "nats"}};
  columns.insert(columns.end(), fields.begin(), fields.end());
  RowStream& rows = writer.rows("sampler_trace", "iteration", columns);
  Outcome outcome{Ending::budget_spent, "before the population reached its target"};
  const Index budget =
      loop.cell.settings.warmup + loop.cell.settings.draws * loop.cell.settings.thin;
  Eigen::VectorXd row(Index(columns.size()));
  while (loop.iteration < budget) {
    if (loop.stop.received()) {
      outcome = {Ending::timed_out,
                 "wall limit reached after " + std::to_string(loop.iteration) + " transitions"};
      break;
    }
    const double before = loop.log_evidence;
    const Progress progress = loop.step(false);
    row[0] = loop.log_evidence - before;
    row.tail(loop.statistics.rows()) = loop.statistics.rowwise().mean();
    rows.append(double(loop.iteration), row);
    if (progress == Progress::going) continue;
    outcome = progress == Progress::converged ? Outcome{Ending::converged, ""}
              : progress == Progress::diverged
                  ? Outcome{Ending::diverged, ""}
                  : Outcome{Ending::non_finite, non_finite_reason(loop)};
    break;
  }
  const Particles particles{loop.chains.z, loop.log_weights};
  write_particles(particles, loop.density, "", writer);
  metrics.push_back({"log_evidence_sampler", loop.log_evidence, log_evidence_error(loop, fields),
                     "nats", "sum of the population's log evidence increments"});
  add_particle_metrics(particles, loop.cell, target, metrics);
  return outcome;
}

}  // namespace

SampleResult run_sampler(Ingredients& cell, Model& target, Family* fitted, CellWriter& writer,
                         MethodClock& clock, StopSignal& stop) {
  const MethodSettings& settings = cell.settings;
  Density& density = *target.density();
  const std::unique_ptr<Sampler> sampler = cell.make_sampler(target, fitted);
  const std::vector<TraceField> fields = sampler->statistics();

  const RandomStream base = cell.stream("sampler start");
  Chains chains{
      Eigen::MatrixXd(density.dimension(), settings.chains), Eigen::VectorXd(settings.chains), {}};
  for (Index c = 0; c < settings.chains; ++c)
    chains.streams.push_back(base.substream(std::uint64_t(c)));

  SampleResult result;
  if (const Index chain = find_start(cell, density, fitted, chains); chain >= 0) {
    result.outcome = {
        Ending::non_finite,
        "no starting point of finite log density for chain " + std::to_string(chain) + " in " +
            std::to_string(settings.initial_tries) + " tries" +
            (fitted ? std::string(" from the fit")
                    : " within a radius of " + std::to_string(settings.initial_radius))};
    return result;
  }
  on_behalf_of(*cell.method_variant.sampler, [&] {
    sampler->start(chains.streams, chains.z, chains.log_density);
    return 0;
  });
  Loop loop{cell,
            *sampler,
            density,
            chains,
            clock,
            stop,
            Eigen::MatrixXd(Index(fields.size()), settings.chains),
            Eigen::VectorXd::Zero(settings.chains)};
  result.outcome = cell.population() ? run_population(loop, fields, target, writer, result.metrics)
                                     : run_chains(loop, fields, target, writer, result.metrics);
  return result;
}

}  // namespace elbow
