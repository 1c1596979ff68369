#include "cell/run_cell.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <elbow/math.hpp>
#include <optional>

#include "cell/calibration_ranks.hpp"
#include "cell/completions.hpp"
#include "cell/draw_groups.hpp"
#include "cell/evaluate_fit.hpp"
#include "cell/fit.hpp"
#include "cell/fit_verdict.hpp"
#include "cell/sample.hpp"
#include "plan/plan_file.hpp"

namespace elbow {

namespace fs = std::filesystem;

namespace {

/// What the cell was made from, every default filled in.
Json configuration(const Plan& plan, const Cell& cell) {
  return {{"seed", plan.seed},
          {"replicate", cell.replicate},
          {"model", to_json(plan.models[cell.model])},
          {"method", to_json(plan.methods[cell.method])},
          {"evaluation", plan.evaluation},
          {"limits",
           {{"wall_seconds", plan.limits.wall_seconds},
            {"memory_mb", plan.limits.memory_mb},
            {"snapshot_seconds", plan.limits.snapshot_seconds}}}};
}

void write_identity(const CellContext& context, const Cell& cell, CellWriter& writer) {
  writer.attribute("experiment", context.plan.experiment_file.stem().string());
  writer.attribute("title", context.plan.title);
  writer.attribute("hash", cell.hash);
  writer.attribute("model", context.plan.models[cell.model].name);
  writer.attribute("method", context.plan.methods[cell.method].name);
  writer.attribute("replicate", std::int64_t(cell.replicate));
  writer.attribute("configuration", configuration(context.plan, cell).dump());
  writer.attribute("provenance", context.provenance.dump());
}

/// After a refused allocation the result must still be written: the limit was the method's.
void lift_memory_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_AS, &limit);
}

std::string refused_allocation(std::int64_t limit) {
  return limit > 0 ? "an allocation was refused under limits.memory_mb = " + std::to_string(limit)
                   : "an allocation was refused by the system; limits.memory_mb is not set";
}

double peak_memory_mb() {
  rusage own{}, chains{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &chains);
  return double(std::max(own.ru_maxrss, chains.ru_maxrss)) / 1024;
}

/// Fits, samples, or both, and measures.
class CellWork {
 public:
  CellWork(const CellContext& context, const Cell& cell, const fs::path& file, CellWriter& writer)
      : context_(context),
        writer_(writer),
        snapshots_{snapshot_path(file), cell.hash, build_of(context.provenance),
                   context.plan.limits.snapshot_seconds},
        ingredients_(context.plan, context.catalog, cell),
        stop_(context.stop_requested, context.after_stop) {}

  Outcome run() {
    write_data(*ingredients_.model, writer_);
    Outcome outcome;
    ElboEstimate start;
    double effective_draws = not_a_number;
    FittedApproximation fitted;
    Model* target = ingredients_.counted.get();
    std::unique_ptr<Model> surrogate;
    std::unique_ptr<CountedModel> counted_surrogate;
    Fit fit{*ingredients_.counted,        ingredients_.family.get(),
            ingredients_.optimizer.get(), 0,
            ingredients_.stream("fit"),   {}};
    if (ingredients_.estimator) {
      const FitResult result = run_fit(ingredients_, snapshots_, writer_, clock_, stop_);
      outcome = result.outcome;
      start = result.start;
      fit.iteration = result.iterations;
      add({"iterations", double(result.iterations), not_a_number, "", "steps of the estimator"});
      if (result.iterations > 0) add(result.objective);
      if (!std::isnan(result.rhat))
        add({"iterates_rhat", result.rhat, not_a_number, "",
             "largest R-hat of the later half of the fitted parameters' iterates; above 1.3 they "
             "were still moving"});
      effective_draws = result.effective_draws;
      if (!std::isnan(effective_draws))
        add({"effective_draws", effective_draws, not_a_number, "",
             "draws that shared the weight in the last steps, (sum w)^2 / sum w^2"});
      fitted.family = ingredients_.estimator->approximation(fit);
      fitted.particles = ingredients_.estimator->particles();
      surrogate = ingredients_.estimator->surrogate();
      if (surrogate) {
        counted_surrogate = std::make_unique<CountedModel>(*surrogate);
        target = counted_surrogate.get();
      }
    }
    const bool samples = ingredients_.method_variant.sampler.has_value();
    if (ingredients_.estimator) {
      const std::string prefix = samples ? "fit_" : "";
      const std::vector<Metric> measured = evaluate_fit(ingredients_, fit, prefix, writer_);
      metrics_.insert(metrics_.end(), measured.begin(), measured.end());
      if (came_to_an_approximation(outcome))
        outcome = judged(std::move(outcome),
                         {start, measured, prefix, ingredients_.evaluation.draws, effective_draws,
                          ingredients_.method_variant.estimator->options.value("draws", Index(0))});
    }
    if (fitted && !samples) use_draws(fitted);
    if (samples && came_to_an_approximation(outcome)) {
      SampleResult result =
          run_sampler(ingredients_, *target, fitted, writer_, clock_, stop_, context_.processors);
      outcome = result.outcome;
      for (Metric& metric : result.metrics) add(std::move(metric));
    }
    return outcome;
  }

  /// Counts and metrics so far; also after a failure.
  void write_metrics() {
    const Counts& counts = ingredients_.counted->counts();
    add({"gradient_evaluations", double(counts.gradients), not_a_number, "",
         "log-density gradients that the method asked for, one per draw"});
    add({"density_evaluations", double(counts.densities), not_a_number, "",
         "log densities without gradient that the method asked for, one per draw"});
    if (counts.rejections > 0)
      add({"rejections", double(counts.rejections), not_a_number, "",
           "of these evaluations, those whose log density was -inf or not a number: outside of the "
           "support, or rejected by the model"});
    if (counts.simulations > 0)
      add({"simulations", double(counts.simulations), not_a_number, "", "runs of the simulator"});
    std::vector<Metric> times = {
        {"seconds", clock_.seconds(), not_a_number, "s", "the method's working time"}};
    times.push_back({"peak_memory_mb", peak_memory_mb(), not_a_number, "MB",
                     "most memory that a process of the cell had in use, plugins included"});
    if (const Metric* found = find_metric(metrics_, "ess_bulk_min")) {
      const double ess = found->value;
      const std::string per = "ess_bulk_min per ", all = ", warm-up and fit counted";
      times.push_back({"ess_per_second", ess / clock_.seconds(), not_a_number, "draws/s",
                       per + "second of the method's working time" + all});
      if (counts.gradients > 0)
        add({"ess_per_gradient", ess / double(counts.gradients), not_a_number, "",
             per + "log-density gradient" + all});
      else if (counts.densities > 0)
        add({"ess_per_density", ess / double(counts.densities), not_a_number, "",
             per + "log density" + all});
    }
    writer_.metrics(metrics_);
    writer_.timing(times);
  }

 private:
  bool came_to_an_approximation(const Outcome& outcome) const {
    return !ingredients_.estimator || is_settled(outcome.ending);
  }
  void use_draws(const FittedApproximation& fitted) {
    Density* density = ingredients_.model->density();
    if (!density) return;
    if (fitted.particles) {
      rank_in_particles(ingredients_, *fitted.particles, *density, writer_);
      complete_from_particles(ingredients_, *fitted.particles, writer_);
    } else {
      rank_in_family(ingredients_, *fitted.family, *density, writer_);
      complete_from_family(ingredients_, *fitted.family, writer_);
    }
  }
  void add(Metric metric) { metrics_.push_back(std::move(metric)); }

  const CellContext& context_;
  CellWriter& writer_;
  const SnapshotPlan snapshots_;
  Ingredients ingredients_;
  MethodClock clock_;
  StopSignal stop_;
  std::vector<Metric> metrics_;
};

}  // namespace

Outcome run_cell(const CellContext& context, const Cell& cell, const std::filesystem::path& file) {
  CellWriter writer(file);
  write_identity(context, cell, writer);
  Outcome outcome;
  std::optional<CellWork> work;
  try {
    work.emplace(context, cell, file, writer);
    outcome = work->run();
    // Of a chain's process, which does not know the limit's name.
    if (outcome.ending == Ending::out_of_memory)
      outcome.reason = refused_allocation(context.plan.limits.memory_mb);
  } catch (const RecordError&) {
    throw;
  } catch (const Unsupported& error) {
    outcome = {Ending::skipped, error.what()};
  } catch (const std::bad_alloc&) {
    lift_memory_limit();
    outcome = {Ending::out_of_memory, refused_allocation(context.plan.limits.memory_mb)};
  } catch (const std::exception& error) {
    outcome = {Ending::failed, error.what()};
  } catch (...) {
    outcome = {Ending::failed, "a plugin threw something that is not a std::exception"};
  }
  if (work) work->write_metrics();
  writer.outcome(outcome);
  writer.complete();
  context.before_storing();
  writer.commit();
  // A failure is run again: its fit need not begin anew.
  std::error_code absent;
  if (!is_failure(outcome.ending)) fs::remove(snapshot_path(file), absent);
  return outcome;
}

void write_failed_cell(const CellContext& context, const Cell& cell,
                       const std::filesystem::path& file, const Outcome& outcome, double seconds) {
  CellWriter writer(file);
  write_identity(context, cell, writer);
  writer.timing(
      {{"seconds", seconds, not_a_number, "s", "from the start of the worker to its end"}});
  writer.outcome(outcome);
  writer.commit();
}

}  // namespace elbow
