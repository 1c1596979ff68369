#include "cell/fit.hpp"

#include <cmath>
#include <elbow/math.hpp>

#include "cell/estimate_in_place.hpp"
#include "cell/evaluate_fit.hpp"
#include "cell/gradient_noise.hpp"
#include "cell/item_measures.hpp"
#include "cell/minibatches.hpp"
#include "cell/stop_rule.hpp"
#include "data/short_number.hpp"

namespace elbow {
namespace {

/// The smallest of 1, 2, 5, 10, 20, 50, ... above n.
Index checkpoint_after(Index n) {
  for (Index decade = 1;; decade *= 10)
    for (const Index factor : {1, 2, 5})
      if (factor * decade > n) return factor * decade;
}

/// Evaluations along the way, in iterations and in seconds.
class Checkpoints {
 public:
  Checkpoints(Ingredients& cell, CellWriter& writer)
      : cell_(cell),
        rows_(writer.rows("vi_checkpoints", "iteration",
                          {{"elbo", "ELBO from fresh draws", "nats"},
                           {"elbo_mcse", "its Monte-Carlo standard error", "nats"},
                           {"gradient_evaluations", "log-density gradients asked for so far", ""},
                           {"density_evaluations", "log densities asked for so far", ""},
                           {"gradient_variance", "of one gradient estimate, over parameters", ""},
                           {"gradient_variance_mcse", "its Monte-Carlo standard error", ""},
                           {"gradient_snr", "norm of the mean gradient over its noise", ""},
                           {"gradient_snr_mcse", "its Monte-Carlo standard error", ""}})),
        seconds_(writer.rows("timing", "iteration",
                             {{"checkpoint_seconds", "the method's working time so far", "s"}})) {
    if (ItemEvaluation::applies(cell) && cell.evaluation.checkpoint_items > 0)
      items_ = &writer.rows("item_checkpoints", "iteration", item_fields());
  }

  void evaluate(Index iteration, Fit& fit, const MethodClock& clock) {
    EstimateInPlace estimate(cell_.estimator->trained(), cell_.optimizer.get());
    ElboEstimate elbo = estimate_elbo(cell_, fit, cell_.stream("checkpoint").substream(iteration),
                                      cell_.evaluation.checkpoint_draws);
    if (items_) {
      const Estimate test = measure_items(iteration);
      elbo = {test.value, test.standard_error};
    }
    const GradientNoise noise = gradient_noise_at(iteration, fit);
    estimate.restore();
    const Counts& counts = cell_.counted->counts();
    Eigen::VectorXd row(8);
    row << elbo.value, elbo.mcse, double(counts.gradients), double(counts.densities),
        noise.variance.value, noise.variance.standard_error, noise.signal_to_noise.value,
        noise.signal_to_noise.standard_error;
    rows_.append(double(iteration), row);
    seconds_.append(double(iteration), Eigen::VectorXd::Constant(1, clock.seconds()));
  }

 private:
  static std::vector<TraceField> item_fields() {
    std::vector<TraceField> fields;
    for (const std::string split : {"train", "test"}) {
      const std::string of = ", mean over some " + split + " items";
      fields.push_back({split + "_elbo", "-(rate + distortion)" + of, "nats"});
      fields.push_back({split + "_elbo_mcse", "its Monte-Carlo standard error", "nats"});
      fields.push_back({split + "_rate", "KL(q(z | x) || p(z))" + of, "nats"});
      fields.push_back({split + "_distortion", "-E log p(x | z)" + of, "nats"});
      fields.push_back({split + "_active_units",
                        "latent coordinates whose posterior means vary over the items", ""});
      fields.push_back({split + "_mutual_information",
                        "lower bound on the information between items and latents", "nats"});
    }
    return fields;
  }
  /// @return the ELBO of the test items
  Estimate measure_items(Index iteration) {
    constexpr Index draws = 2;
    const ItemEvaluation evaluation(cell_);
    Eigen::VectorXd row(12);
    Estimate elbo;
    Index at = 0;
    for (const auto split : {LatentItems::Split::train, LatentItems::Split::test}) {
      elbo = {not_a_number, not_a_number};
      if (evaluation.items(split) == 0) {
        row.segment(at, 6).setConstant(not_a_number);
      } else {
        const ItemMeasures m = evaluation.measure(
            split, cell_.evaluation.checkpoint_items, draws,
            cell_.evaluation.mutual_information_items,
            cell_.stream("checkpoint")
                .substream(2 * iteration + (split != LatentItems::Split::train)));
        row.segment(at, 6) << m.elbo.value, m.elbo.standard_error, m.rate.value, m.distortion.value,
            m.active_units, m.mutual_information.value;
        elbo = m.elbo;
      }
      at += 6;
    }
    items_->append(double(iteration), row);
    return elbo;
  }
  /// NaN where it is not measured.
  GradientNoise gradient_noise_at(Index iteration, const Fit& fit) {
    constexpr Estimate not_measured{not_a_number, not_a_number};
    return gradient_noise_aside(cell_, fit,
                                cell_.stream("checkpoint gradients").substream(iteration),
                                cell_.evaluation.checkpoint_gradient_draws)
        .value_or(GradientNoise{not_measured, not_measured});
  }

  Ingredients& cell_;
  RowStream& rows_;
  RowStream& seconds_;
  RowStream* items_ = nullptr;  ///< null where there are none
};

constexpr Index start_draws = 100;  // enough to see what went off
constexpr Index iterations_without_budget = 1'000'000;
constexpr double remembered = 0.01;  // weight of a step in the running mean of effective draws

/// Where an estimator that weights its draws reports how many of them count; -1 where none does.
Index effective_draws_field(const std::vector<TraceField>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == "effective_draws") return Index(i);
  return -1;
}

/// The options, of those that the method has, which keep a fit from leaving the finite numbers.
std::string what_to_set(const MethodVariant& method, bool on_the_way) {
  std::string options;
  const auto offer = [&](const std::optional<PlannedPlugin>& plugin, const char* name) {
    if (!plugin || !plugin->options.contains(name)) return;
    options += (options.empty() ? "" : " or ") + std::string(name);
  };
  if (on_the_way) offer(method.optimizer, "learning_rate");
  offer(method.family, "initial_scale");
  return options.empty() ? "" : "; a smaller " + options + " may keep it finite";
}

Ending ending_of(Progress progress) {
  switch (progress) {
    case Progress::converged:
      return Ending::converged;
    case Progress::diverged:
      return Ending::diverged;
    default:
      return Ending::non_finite;
  }
}

}  // namespace

FitResult run_fit(Ingredients& cell, const SnapshotPlan& snapshot_plan, CellWriter& writer,
                  MethodClock& clock, StopSignal& stop) {
  const MethodSettings& settings = cell.settings;
  const PlannedPlugin& plugin = *cell.method_variant.estimator;
  const std::vector<TraceField> fields = cell.estimator->trace_fields();
  RowStream& trace_rows = writer.rows("vi_trace", "iteration", fields);
  Checkpoints checkpoints(cell, writer);
  StopRule rule(cell);
  Minibatches minibatches(*cell.model, settings.batch_size, cell.stream("minibatch"));

  Eigen::VectorXd trace(Index(fields.size()));
  Fit fit{*cell.counted, cell.family.get(), cell.optimizer.get(), 0, cell.stream("fit"), {}};
  const RandomStream stream = fit.stream;
  const Index effective_draws = effective_draws_field(fields);
  FitResult result;
  if (cell.family && !settings.no_steps)
    result.start = estimate_elbo(cell, fit, cell.stream("start"), start_draws);
  Index next_checkpoint = 1;
  Index last_checkpoint = 0;
  FitSnapshots snapshots(snapshot_plan, cell, [&](StateArchive& archive) {
    Counts counts = cell.counted->counts();
    archive(result.iterations, result.effective_draws, next_checkpoint, last_checkpoint,
            minibatches, rule, clock, counts);
    cell.counted->restore(counts);
    writer.rows_state(archive);
  });
  snapshots.resume();

  // A rule that never fires must not run for ever.
  const bool budgeted =
      settings.iterations > 0 || settings.gradient_evaluations > 0 || settings.seconds > 0;
  const Index bound = budgeted ? settings.iterations : iterations_without_budget;
  const bool several_budgets =
      (settings.iterations > 0) + (settings.gradient_evaluations > 0) + (settings.seconds > 0) > 1;
  const auto budget = [&]() -> std::string {
    if (bound > 0 && result.iterations >= bound) return "iterations";
    if (settings.gradient_evaluations > 0 &&
        cell.counted->counts().gradients >= settings.gradient_evaluations)
      return "gradient evaluations";
    if (settings.seconds > 0 && clock.seconds() >= settings.seconds) return "seconds";
    return "";
  };

  if (settings.no_steps)
    result.outcome = {Ending::budget_spent, "no steps were asked for: the start is evaluated"};
  while (!settings.no_steps) {
    if (stop.received()) {
      result.outcome = {Ending::timed_out, "wall limit reached after " +
                                               std::to_string(result.iterations) + " iterations"};
      break;
    }
    if (const std::string spent = budget(); !spent.empty()) {
      const std::string unsettled = rule.unsettled(fit);
      result.outcome = {Ending::budget_spent, several_budgets ? spent : ""};
      if (!unsettled.empty())
        result.outcome.reason += (result.outcome.reason.empty() ? "" : "; ") + unsettled;
      break;
    }
    fit.iteration = result.iterations;
    fit.stream = stream.substream(std::uint64_t(result.iterations));
    fit.items = minibatches.next();
    trace.setConstant(not_a_number);
    clock.start();
    const Progress progress =
        on_behalf_of(plugin, [&] { return cell.estimator->step(fit, trace); });
    clock.stop();
    ++result.iterations;
    trace_rows.append(double(result.iterations), trace);
    if (effective_draws >= 0) {
      const double now = trace[effective_draws];
      double& mean = result.effective_draws;
      mean = std::isnan(mean) ? now : mean + remembered * (now - mean);
    }
    const bool due = progress != Progress::non_finite && rule.take_in(trace[0]);
    if (progress != Progress::going) {
      result.outcome = {ending_of(progress), ""};
      if (progress == Progress::non_finite)
        result.outcome.reason =
            "the objective or its gradient is not finite " +
            (result.iterations > 1 ? "in iteration " + std::to_string(result.iterations)
                                   : "where the fit begins") +
            ": objective " + short_number(trace[0]) +
            what_to_set(cell.method_variant, result.iterations > 1);
      break;
    }
    if (due) {
      minibatches.use_all();
      if (std::optional<Outcome> end = rule.check(fit)) {
        result.outcome = std::move(*end);
        break;
      }
    }
    if (cell.evaluation.checkpoints && result.iterations == next_checkpoint) {
      minibatches.use_all();
      checkpoints.evaluate(result.iterations, fit, clock);
      last_checkpoint = result.iterations;
      next_checkpoint = checkpoint_after(result.iterations);
    }
    if (snapshots.due(clock.stopped())) snapshots.take(result.iterations);
  }
  minibatches.use_all();
  if (cell.evaluation.checkpoints && last_checkpoint != result.iterations)
    checkpoints.evaluate(result.iterations, fit, clock);
  result.rhat = settings.no_steps ? not_a_number : rule.rhat();
  result.objective = rule.objective();
  EstimateInPlace(cell.estimator->trained(), cell.optimizer.get());
  return result;
}

}  // namespace elbow
