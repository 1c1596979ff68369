#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "cell/calibration_ranks.hpp"
#include "cell/chain_diagnostics.hpp"
#include "cell/chain_distances.hpp"
#include "cell/chain_process.hpp"
#include "cell/completions.hpp"
#include "cell/draw_groups.hpp"
#include "cell/kept_draws.hpp"
#include "cell/sampling_work.hpp"
#include "cell/transition_measures.hpp"
#include "diagnostics/draws_summary.hpp"

namespace elbow {
namespace {

/// A coordinate beyond this is no draw of a proper posterior: the chain has run away.
constexpr double farthest = 1e50;

/// What a chain's process tells of a transition, as one row of numbers: z [D], lp, statistics [F],
/// then how it went and what it has cost since the process began.
class RowLayout {
 public:
  RowLayout(Index dimension, Index statistics) : dimension_(dimension), statistics_(statistics) {}

  Index size() const { return dimension_ + 1 + statistics_ + 5; }
  auto z(Eigen::VectorXd& row) const { return row.head(dimension_); }
  /// lp and the statistics
  auto measures(Eigen::VectorXd& row) const { return row.segment(dimension_, 1 + statistics_); }
  auto statistics(Eigen::VectorXd& row) const { return row.segment(dimension_ + 1, statistics_); }
  double& progress(Eigen::VectorXd& row) const { return row[row.size() - 5]; }
  double& rejections(Eigen::VectorXd& row) const { return row[row.size() - 4]; }
  double& densities(Eigen::VectorXd& row) const { return row[row.size() - 3]; }
  double& gradients(Eigen::VectorXd& row) const { return row[row.size() - 2]; }
  double& seconds(Eigen::VectorXd& row) const { return row[row.size() - 1]; }

 private:
  Index dimension_, statistics_;
};

/// One chain: a sampler for it alone, and its state.
class Chain {
 public:
  Chain(SamplingWork& work, const ChainStates& states, Index number)
      : work_(work),
        number_(number),
        sampler_(work.cell.make_sampler(work.moved.model(), work.moved.fitted(), 1)),
        place_(states.place.col(number)),
        log_density_(states.log_density.segment(number, 1)),
        streams_{states.streams[std::size_t(number)]},
        statistics_(Index(sampler_->statistics().size()), 1),
        log_weights_(1) {}

  std::vector<TraceField> fields() const { return sampler_->statistics(); }

  void start() {
    on_behalf_of(*work_.cell.method_variant.sampler, [&] {
      sampler_->start(streams_, place_, log_density_);
      return 0;
    });
  }

  void step(bool warmup, MethodClock& clock) {
    set_streams(work_.cell, number_, iteration_, streams_);
    Transition transition{iteration_,   warmup,      streams_,     place_,
                          log_density_, statistics_, log_weights_, 0};
    statistics_.setConstant(not_a_number);
    clock.start();
    progress_ = on_behalf_of(*work_.cell.method_variant.sampler,
                             [&] { return sampler_->transition(transition); });
    clock.stop();
    ++iteration_;
  }

  void write(const RowLayout& layout, Eigen::VectorXd& row) const {
    Eigen::VectorXd log_p(1);
    work_.moved.to_target(place_, log_density_, layout.z(row), log_p);
    auto measures = layout.measures(row);
    measures[0] = log_p[0];
    measures.tail(statistics_.rows()) = statistics_.col(0);
    layout.progress(row) = double(int(progress_));
  }
  bool goes_on() const { return progress_ == Progress::going || progress_ == Progress::converged; }

 private:
  SamplingWork& work_;
  Index number_;
  std::unique_ptr<Sampler> sampler_;
  Eigen::MatrixXd place_;        ///< [D x 1]
  Eigen::VectorXd log_density_;  ///< [1]
  std::vector<RandomStream> streams_;
  Eigen::MatrixXd statistics_;  ///< [F x 1]
  Eigen::VectorXd log_weights_;
  Progress progress_ = Progress::going;
  Index iteration_ = 0;
};

/// The work of one process: its chains in turn, one transition of each.
void run_group(SamplingWork& work, std::vector<Chain*> group, const RowLayout& layout,
               RowSender& sender) {
  const MethodSettings& settings = work.cell.settings;
  const Index transitions = settings.warmup + settings.draws * settings.thin;
  const Counts before = work.cell.counted->counts();
  MethodClock clock;
  Eigen::VectorXd row(layout.size());
  for (Chain* chain : group) chain->start();
  bool goes_on = true;
  for (Index i = 0; i < transitions && goes_on; ++i)
    for (Chain* chain : group) {
      chain->step(i < settings.warmup, clock);
      chain->write(layout, row);
      const Counts& counts = work.cell.counted->counts();
      layout.densities(row) = double(counts.densities - before.densities);
      layout.gradients(row) = double(counts.gradients - before.gradients);
      layout.rejections(row) = double(counts.rejections - before.rejections);
      layout.seconds(row) = clock.seconds();
      sender.send(row);
      // The others make this transition too, whichever process they are in.
      goes_on = goes_on && chain->goes_on();
    }
}

/// All chains, distributed over processes; transitions are taken from all of them in step.
class ChainGroups {
 public:
  ChainGroups(SamplingWork& work, std::vector<Chain>& chains, const RowLayout& layout)
      : work_(work),
        layout_(layout),
        rows_(chains.size(), Eigen::VectorXd::Constant(layout.size(), 0.0)) {
    const std::size_t count = 1 + std::size_t(work.processors.take(Index(chains.size()) - 1));
    processes_.reserve(count);
    for (std::size_t g = 0; g < count; ++g) {
      std::vector<Chain*> group;
      for (std::size_t c = g; c < chains.size(); c += count) group.push_back(&chains[c]);
      processes_.emplace_back(
          [&work, &layout, group](RowSender& sender) { run_group(work, group, layout, sender); },
          layout.size());
    }
  }
  ~ChainGroups() {
    processes_.clear();
    work_.processors.give_back();
  }
  ChainGroups(const ChainGroups&) = delete;

  /// The next transition of every chain.
  /// @return nothing, or how it ended: then the rows are of the transition before
  std::optional<Outcome> next() {
    std::vector<Eigen::VectorXd> rows = rows_;
    for (std::size_t c = 0; c < rows.size(); ++c) {
      ChainProcess& process = processes_[c % processes_.size()];
      if (!stopped_ && work_.stop.received()) stop();
      ChainProcess::Next next =
          process.next(rows[c], [&] { return !stopped_ && work_.stop.received(); });
      if (next == ChainProcess::Next::stopped) {
        stop();
        next = process.next(rows[c], [] { return false; });
      }
      if (next == ChainProcess::Next::row) continue;
      if (stopped_)
        return Outcome{Ending::timed_out,
                       "wall limit reached after " + std::to_string(transitions_) + " transitions"};
      Outcome outcome = process.end();
      if (outcome.ending == Ending::crashed)
        outcome.reason.insert(0, "after " + std::to_string(transitions_) + " transitions: ");
      return outcome;
    }
    rows_.swap(rows);
    ++transitions_;
    return {};
  }

  /// Why the chains end with the rows that `next` has just given; nothing when they go on.
  std::optional<Outcome> ended() {
    for (std::size_t c = 0; c < rows_.size(); ++c) {
      const std::string where = " in transition " + std::to_string(transitions_);
      const auto progress = Progress(int(layout_.progress(rows_[c])));
      if (progress == Progress::non_finite)
        return Outcome{Ending::non_finite, "the sampler met a number that is not finite" + where};
      if (progress == Progress::diverged) return Outcome{Ending::diverged, where.substr(1)};
      Index coordinate = 0;
      const double largest = layout_.z(rows_[c]).cwiseAbs().maxCoeff(&coordinate);
      if (largest > farthest)
        return Outcome{Ending::diverged, "chain " + std::to_string(c) +
                                             " ran away: unconstrained coordinate " +
                                             std::to_string(coordinate) + " is beyond 1e50" +
                                             where + "; the target may be improper"};
    }
    return {};
  }

  std::vector<Eigen::VectorXd>& rows() { return rows_; }

  /// Adds what the chains have cost up to these rows to the cell's counts and clock.
  void add_costs() {
    const std::size_t count = std::min(processes_.size(), rows_.size());
    // The last chain of a process has the latest numbers.
    for (std::size_t g = 0; g < count; ++g) {
      std::size_t last = g;
      while (last + processes_.size() < rows_.size()) last += processes_.size();
      Eigen::VectorXd& row = rows_[last];
      work_.cell.counted->add({std::int64_t(layout_.densities(row)),
                               std::int64_t(layout_.gradients(row)), 0,
                               std::int64_t(layout_.rejections(row))});
      work_.clock.add(layout_.seconds(row));
    }
  }

 private:
  /// The processes end; what they had come to is still taken, as far as all chains have got.
  void stop() {
    for (ChainProcess& process : processes_) process.kill();
    stopped_ = true;
  }

  SamplingWork& work_;
  const RowLayout& layout_;
  std::vector<Eigen::VectorXd> rows_;  ///< of every chain's latest transition
  std::vector<ChainProcess> processes_;
  Index transitions_ = 0;
  bool stopped_ = false;
};

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

}  // namespace

Outcome run_chains(SamplingWork& work, ChainStates& states) {
  const MethodSettings& settings = work.cell.settings;
  Density& density = *work.target.density();
  std::vector<Chain> chains;
  chains.reserve(std::size_t(settings.chains));
  for (Index c = 0; c < settings.chains; ++c) chains.emplace_back(work, states, c);
  const std::vector<TraceField> fields = chains.front().fields();
  std::vector<TraceField> stored = {{"lp", "log density of the target", "nats"}};
  stored.insert(stored.end(), fields.begin(), fields.end());

  const RowLayout layout(density.dimension(), Index(fields.size()));
  const Index variables = variable_count(density.variables());
  Eigen::MatrixXd constrained(variables, settings.chains);
  std::optional<Outcome> ended;
  std::optional<DrawGroups> warmup;
  if (settings.save_warmup && settings.warmup > 0)
    warmup.emplace(density, settings.chains, stored, "warmup_", work.writer);
  ChainGroups groups(work, chains, layout);
  const auto append = [&](DrawGroups& to) {
    for (Index c = 0; c < settings.chains; ++c) {
      Eigen::VectorXd& row = groups.rows()[std::size_t(c)];
      to.append(c, layout.z(row), layout.measures(row));
      constrained.col(c) = to.constrained();
    }
  };

  for (Index i = 0; i < settings.warmup && !ended; ++i) {
    ended = groups.next();
    if (ended) break;
    if (warmup) append(*warmup);
    ended = groups.ended();
  }
  warmup.reset();

  DrawGroups draw_groups(density, settings.chains, stored, "", work.writer);
  KeptDraws kept(variables, settings.chains);
  KeptDraws unconstrained(density.dimension(), settings.chains, 0);
  Eigen::MatrixXd z(density.dimension(), settings.chains);
  CalibrationRanks ranks(work.cell, variables);
  const SpacedDraws ranked(ranks.draws_wanted(), settings.chains, settings.draws);
  Completions completions(work.cell);
  const SpacedDraws completed(completions.draws_wanted(), settings.chains, settings.draws);
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
        statistics.col(c) = layout.statistics(groups.rows()[std::size_t(c)]);
      transitions.add(statistics);
      ended = groups.ended();
    }
    if (!complete) break;
    append(draw_groups);
    kept.add(constrained);
    for (Index c = 0; c < settings.chains; ++c) z.col(c) = layout.z(groups.rows()[std::size_t(c)]);
    unconstrained.add(z);
    for (Index c = 0; c < settings.chains; ++c)
      if (ranked.takes(c, draws)) ranks.add(constrained.col(c));
    for (Index c = 0; c < settings.chains; ++c)
      if (completed.takes(c, draws)) completions.add(z.col(c));
    non_finite += settings.chains - constrained.array().isFinite().colwise().all().count();
    ++draws;
  }
  groups.add_costs();

  Outcome outcome = ended.value_or(Outcome{Ending::budget_spent, ""});
  if (const std::string reason = stalled_reason(kept, settings.chains, draws);
      !ended && !reason.empty())
    outcome = {Ending::diverged, reason};
  const Eigen::MatrixXd summaries = kept.summaries();
  write_per_variable("diagnostics", draws_summary_fields(), summaries, density.variables(),
                     work.writer);
  ranks.write(density.variables(), work.writer);
  completions.write(work.writer);
  add_chain_diagnostics(summaries, kept.stride(), work.metrics);
  transitions.add_metrics(work.metrics);
  work.metrics.push_back({"non_finite_draws", double(non_finite), not_a_number, "",
                          "stored draws with a number that is not finite"});
  if (draws >= 4)
    add_chain_distances(work.cell, work.target, kept, unconstrained, summaries, work.writer,
                        work.metrics);
  return outcome;
}

}  // namespace elbow
