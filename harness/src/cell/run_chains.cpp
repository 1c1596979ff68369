#include <algorithm>
#include <elbow/math.hpp>

#include "cell/calibration_ranks.hpp"
#include "cell/chain_diagnostics.hpp"
#include "cell/chain_distances.hpp"
#include "cell/chain_recorder.hpp"
#include "cell/completions.hpp"
#include "cell/kept_draws.hpp"
#include "cell/transition_measures.hpp"
#include "data/short_number.hpp"
#include "diagnostics/draws_summary.hpp"

namespace elbow {
namespace {

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

/// What speaks against the draws, where there are enough of them to tell; else empty.
std::string doubts(const std::vector<Metric>& metrics, Index draws) {
  constexpr double largest_rhat = 1.1, smallest_ebfmi = 0.3;
  if (draws < 100) return "";
  std::string text;
  if (const Metric* rhat = find_metric(metrics, "rhat_max"); rhat && rhat->value > largest_rhat)
    text = "the chains do not agree with one another: the largest R-hat is " +
           short_number(rhat->value, 3);
  if (const Metric* ebfmi = find_metric(metrics, "ebfmi_min");
      ebfmi && ebfmi->value < smallest_ebfmi)
    text += (text.empty() ? "" : "; ") +
            std::string(
                "tails or peaks of the target are explored slowly, if at all: the smallest "
                "E-BFMI is ") +
            short_number(ebfmi->value, 2);
  return text;
}

}  // namespace

Outcome run_chains(SamplingWork& work, ChainStates& states) {
  const MethodSettings& settings = work.cell.settings;
  ChainGroups groups(work, states);
  const std::vector<TraceField>& fields = groups.fields();
  const Index walkers = groups.layout().walkers();
  if (walkers > 1) work.writer.attribute("walkers", std::int64_t(walkers));
  std::optional<Outcome> ended;
  std::optional<ChainRecorder> warmup;
  const bool saves_warmup = settings.save_warmup && settings.warmup > 0;
  if (saves_warmup) warmup.emplace(work, groups, "warmup_");
  for (Index i = 0; i < settings.warmup && !ended; ++i) {
    ended = groups.next();
    if (ended) break;
    if (warmup) warmup->append();
    if (warmup) warmup->append_divergences();
    ended = groups.ended();
  }
  if (!ended) warmup.reset();

  ChainRecorder recorder(work, groups, "");
  const Index all_chains = recorder.chains();
  KeptDraws kept(recorder.variables(), all_chains, KeptDraws::usual_numbers, walkers);
  KeptDraws unconstrained(work.target.density()->dimension(), all_chains, 0, walkers);
  CalibrationRanks ranks(work.cell, recorder.variables());
  const SpacedDraws ranked(ranks.draws_wanted(), all_chains, settings.draws);
  Completions completions(work.cell);
  const SpacedDraws completed(completions.draws_wanted(), all_chains, settings.draws);
  TransitionMeasures transitions(
      fields, settings.chains,
      work.cell.method_variant.sampler->options.value("max_tree_depth", 0.0));
  Eigen::MatrixXd statistics(Index(fields.size()), settings.chains);
  Index draws = 0;
  Index non_finite = 0;
  while (!ended && draws < settings.draws) {
    bool complete = true;
    for (Index skipped = 0; skipped < settings.thin && !ended; ++skipped) {
      ended = groups.next();
      if (ended) {
        complete = false;
        break;
      }
      for (Index c = 0; c < settings.chains; ++c)
        statistics.col(c) = groups.layout().statistics(groups.rows()[std::size_t(c)]);
      transitions.add(statistics);
      recorder.append_divergences();
      ended = groups.ended();
    }
    if (!complete) break;
    recorder.append();
    const Eigen::MatrixXd& x = recorder.constrained();
    kept.add(x);
    unconstrained.add(recorder.unconstrained());
    for (Index c = 0; c < all_chains; ++c)
      if (ranked.takes(c, draws)) ranks.add(x.col(c));
    for (Index c = 0; c < all_chains; ++c)
      if (completed.takes(c, draws)) completions.add(recorder.unconstrained().col(c));
    non_finite += all_chains - x.array().isFinite().colwise().all().count();
    ++draws;
  }
  groups.add_costs();
  // Chains that end before their first draw leave none; where they had come to, be it where they
  // began, shows why they ended.
  const bool place_is_stored = saves_warmup && groups.transitions() > 0;
  if (ended && draws == 0 && groups.has_place() && !place_is_stored) {
    if (!warmup) warmup.emplace(work, groups, "warmup_");
    warmup->append();
  }

  Outcome outcome = ended.value_or(Outcome{Ending::budget_spent, ""});
  if (const std::string reason = stalled_reason(kept, all_chains, draws); !ended && !reason.empty())
    outcome = {Ending::diverged, reason};
  const std::vector<Variable> variables = work.target.density()->variables();
  const Eigen::MatrixXd summaries = kept.summaries();
  write_per_variable("diagnostics", draws_summary_fields(), summaries, variables, work.writer);
  ranks.write(variables, work.writer);
  completions.write(work.writer);
  add_chain_diagnostics(summaries, kept.stride(), work.metrics);
  transitions.add_metrics(work.metrics);
  if (outcome.ending == Ending::budget_spent) outcome.reason = doubts(work.metrics, draws);
  work.metrics.push_back({"non_finite_draws", double(non_finite), not_a_number, "",
                          "stored draws with a number that is not finite"});
  if (draws >= 4)
    add_chain_distances(work.cell, work.target, kept, unconstrained, summaries, work.writer,
                        work.metrics);
  return outcome;
}

}  // namespace elbow
