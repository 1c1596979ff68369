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
#include "data/short_number.hpp"
#include "diagnostics/draws_summary.hpp"

namespace elbow {
namespace {

/// A coordinate beyond this is no draw of a proper posterior: the chain has run away.
constexpr double farthest = 1e50;

/// What a chain's process tells of a transition, as one row of numbers: z [D x W] and lp [W] of the
/// W walkers (one, where a chain is no ensemble), statistics [F], then whether a row with the place
/// of a divergence follows, how it went, and what it has cost since the process began.
class RowLayout {
 public:
  RowLayout(Index dimension, Index walkers, Index statistics)
      : dimension_(dimension), walkers_(walkers), statistics_(statistics) {}

  Index walkers() const { return walkers_; }
  Index size() const { return (dimension_ + 1) * walkers_ + statistics_ + 6; }
  Eigen::Map<Eigen::MatrixXd> z(Eigen::VectorXd& row) const {
    return {row.data(), dimension_, walkers_};
  }
  auto lp(Eigen::VectorXd& row) const { return row.segment(dimension_ * walkers_, walkers_); }
  auto statistics(Eigen::VectorXd& row) const {
    return row.segment((dimension_ + 1) * walkers_, statistics_);
  }
  double& diverged(Eigen::VectorXd& row) const { return row[row.size() - 6]; }
  double& progress(Eigen::VectorXd& row) const { return row[row.size() - 5]; }
  double& rejections(Eigen::VectorXd& row) const { return row[row.size() - 4]; }
  double& densities(Eigen::VectorXd& row) const { return row[row.size() - 3]; }
  double& gradients(Eigen::VectorXd& row) const { return row[row.size() - 2]; }
  double& seconds(Eigen::VectorXd& row) const { return row[row.size() - 1]; }

 private:
  Index dimension_, walkers_, statistics_;
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
  Index walkers() const { return sampler_->walkers(); }

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

  void write(const RowLayout& layout, Eigen::VectorXd& row) {
    if (walkers() == 1) {
      work_.moved.to_target(place_, log_density_, layout.z(row), layout.lp(row));
    } else {
      if (ensemble_.size() == 0) {
        ensemble_.resize(place_.rows(), walkers());
        ensemble_log_density_.resize(walkers());
      }
      sampler_->ensemble(0, ensemble_, ensemble_log_density_);
      work_.moved.to_target(ensemble_, ensemble_log_density_, layout.z(row), layout.lp(row));
    }
    layout.statistics(row) = statistics_.col(0);
    layout.diverged(row) = !sampler_->divergence(0).empty();
    layout.progress(row) = double(int(progress_));
  }
  /// @pre the latest transition diverged
  void write_divergence(const RowLayout& layout, Eigen::VectorXd& row) const {
    const std::span<const double> place = sampler_->divergence(0);
    const Eigen::Map<const Eigen::VectorXd> at(place.data(), Index(place.size()));
    Eigen::VectorXd unknown = Eigen::VectorXd::Constant(1, not_a_number), log_p(1);
    work_.moved.to_target(at, unknown, layout.z(row).col(0), log_p);
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
  Eigen::MatrixXd ensemble_;              ///< [D x walkers], or empty
  Eigen::VectorXd ensemble_log_density_;  ///< [walkers], or empty
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
  Eigen::VectorXd row(layout.size()), divergence = Eigen::VectorXd::Zero(layout.size());
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
      if (layout.diverged(row) != 0) {
        chain->write_divergence(layout, divergence);
        sender.send(divergence);
      }
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
        rows_(chains.size(), Eigen::VectorXd::Constant(layout.size(), 0.0)),
        divergences_(rows_),
        coming_(rows_),
        coming_divergences_(rows_) {
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
    for (std::size_t c = 0; c < rows_.size(); ++c) {
      ChainProcess& process = processes_[c % processes_.size()];
      if (!stopped_ && work_.stop.received()) stop();
      ChainProcess::Next next = receive(process, coming_[c]);
      if (next == ChainProcess::Next::row && layout_.diverged(coming_[c]) != 0)
        next = receive(process, coming_divergences_[c]);
      if (next == ChainProcess::Next::row) continue;
      if (stopped_)
        return Outcome{Ending::timed_out,
                       "wall limit reached after " + std::to_string(transitions_) + " transitions"};
      Outcome outcome = process.end();
      if (outcome.ending == Ending::crashed)
        outcome.reason.insert(0, "after " + std::to_string(transitions_) + " transitions: ");
      return outcome;
    }
    rows_.swap(coming_);
    divergences_.swap(coming_divergences_);
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
      Index coordinate = 0, walker = 0;
      const double largest = layout_.z(rows_[c]).cwiseAbs().maxCoeff(&coordinate, &walker);
      if (largest > farthest)
        return Outcome{Ending::diverged, "chain " + std::to_string(c) +
                                             " ran away: unconstrained coordinate " +
                                             std::to_string(coordinate) + " is beyond 1e50" +
                                             where + "; the target may be improper"};
    }
    return {};
  }

  std::vector<Eigen::VectorXd>& rows() { return rows_; }
  Index transitions() const { return transitions_; }  ///< that all chains have made
  /// Where the transition of chain c diverged. @pre it did
  auto divergence(std::size_t c) { return layout_.z(divergences_[c]).col(0); }

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
  ChainProcess::Next receive(ChainProcess& process, Eigen::VectorXd& row) {
    ChainProcess::Next next = process.next(row, [&] { return !stopped_ && work_.stop.received(); });
    if (next != ChainProcess::Next::stopped) return next;
    stop();
    return process.next(row, [] { return false; });
  }

  /// The processes end; what they had come to is still taken, as far as all chains have got.
  void stop() {
    for (ChainProcess& process : processes_) process.kill();
    stopped_ = true;
  }

  SamplingWork& work_;
  const RowLayout& layout_;
  std::vector<Eigen::VectorXd> rows_, divergences_;  ///< of every chain's latest transition
  std::vector<Eigen::VectorXd> coming_, coming_divergences_;  ///< of the next one
  std::vector<ChainProcess> processes_;
  Index transitions_ = 0;
  bool stopped_ = false;
};

/// The draws of all chains, in the groups of the warm-up or of the draws proper; where paths
/// diverged they go into groups of their own, which are there when one did. Chain c of C ensembles
/// of W walkers is walker c % W of ensemble c / W.
class ChainRecorder {
 public:
  ChainRecorder(SamplingWork& work, ChainGroups& groups, const RowLayout& layout,
                const std::vector<TraceField>& fields, const std::string& prefix)
      : work_(work),
        groups_(groups),
        layout_(layout),
        prefix_(prefix),
        ensembles_(work.cell.settings.chains),
        draws_(density(), chains(), with_density(fields), prefix, work.writer),
        measures_(1 + Index(fields.size()), layout.walkers()),
        z_(density().dimension(), chains()),
        x_(draws_.variable_count(), chains()) {}

  /// The draws of the latest transition.
  void append() {
    const Index walkers = layout_.walkers();
    for (Index e = 0; e < ensembles_; ++e) {
      Eigen::VectorXd& row = groups_.rows()[std::size_t(e)];
      measures_.row(0) = layout_.lp(row).transpose();
      measures_.bottomRows(measures_.rows() - 1).colwise() = layout_.statistics(row);
      z_.middleCols(e * walkers, walkers) = layout_.z(row);
      draws_.append_across(e * walkers, z_.middleCols(e * walkers, walkers), measures_);
      x_.middleCols(e * walkers, walkers) = draws_.constrained();
    }
  }
  /// The divergences of the latest transition.
  void append_divergences() {
    const Eigen::VectorXd transition = Eigen::VectorXd::Constant(1, double(transitions_++));
    for (Index e = 0; e < ensembles_; ++e) {
      if (layout_.diverged(groups_.rows()[std::size_t(e)]) == 0) continue;
      if (!divergences_)
        divergences_.emplace(
            density(), ensembles_,
            std::vector<TraceField>{{"transition", "of the chain in which the path diverged", ""}},
            prefix_ + "divergence_", work_.writer);
      divergences_->append(e, groups_.divergence(std::size_t(e)), transition);
    }
  }

  Index chains() const { return ensembles_ * layout_.walkers(); }
  Index variables() const { return draws_.variable_count(); }
  const Eigen::MatrixXd& unconstrained() const { return z_; }  ///< [D x chains] of the latest draw
  const Eigen::MatrixXd& constrained() const { return x_; }    ///< [C x chains]

 private:
  Density& density() const { return *work_.target.density(); }
  static std::vector<TraceField> with_density(const std::vector<TraceField>& fields) {
    std::vector<TraceField> all = {{"lp", "log density of the target", "nats"}};
    all.insert(all.end(), fields.begin(), fields.end());
    return all;
  }

  SamplingWork& work_;
  ChainGroups& groups_;
  const RowLayout& layout_;
  std::string prefix_;
  Index ensembles_;
  DrawGroups draws_;
  std::optional<DrawGroups> divergences_;
  Index transitions_ = 0;
  Eigen::MatrixXd measures_;  ///< [1 + F x walkers]
  Eigen::MatrixXd z_, x_;
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

/// That the chains contradict one another, where they had draws enough to agree; else empty.
std::string unmixed_reason(const std::vector<Metric>& metrics, Index draws) {
  constexpr double largest = 1.1;
  const Metric* rhat = find_metric(metrics, "rhat_max");
  if (draws < 100 || !rhat || !(rhat->value > largest)) return "";
  return "the chains do not agree with one another: the largest R-hat is " +
         short_number(rhat->value, 3);
}

}  // namespace

Outcome run_chains(SamplingWork& work, ChainStates& states) {
  const MethodSettings& settings = work.cell.settings;
  std::vector<Chain> chains;
  chains.reserve(std::size_t(settings.chains));
  for (Index c = 0; c < settings.chains; ++c) chains.emplace_back(work, states, c);
  const std::vector<TraceField> fields = chains.front().fields();
  const Index walkers = chains.front().walkers();
  if (walkers > 1) work.writer.attribute("walkers", std::int64_t(walkers));
  const RowLayout layout(work.target.density()->dimension(), walkers, Index(fields.size()));
  ChainGroups groups(work, chains, layout);
  std::optional<Outcome> ended;
  std::optional<ChainRecorder> warmup;
  if (settings.save_warmup && settings.warmup > 0)
    warmup.emplace(work, groups, layout, fields, "warmup_");
  for (Index i = 0; i < settings.warmup && !ended; ++i) {
    ended = groups.next();
    if (ended) break;
    if (warmup) warmup->append();
    if (warmup) warmup->append_divergences();
    ended = groups.ended();
  }
  // Chains that end in their warm-up leave no draws; where they had come to shows why they ended.
  if (ended && !warmup && groups.transitions() > 0)
    warmup.emplace(work, groups, layout, fields, "warmup_").append();
  warmup.reset();

  ChainRecorder recorder(work, groups, layout, fields, "");
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
        statistics.col(c) = layout.statistics(groups.rows()[std::size_t(c)]);
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

  Outcome outcome = ended.value_or(Outcome{Ending::budget_spent, ""});
  if (const std::string reason = stalled_reason(kept, all_chains, draws); !ended && !reason.empty())
    outcome = {Ending::diverged, reason};
  const std::vector<Variable> variables = work.target.density()->variables();
  const Eigen::MatrixXd summaries = kept.summaries();
  write_per_variable("diagnostics", draws_summary_fields(), summaries, variables, work.writer);
  ranks.write(variables, work.writer);
  completions.write(work.writer);
  add_chain_diagnostics(summaries, kept.stride(), work.metrics);
  if (outcome.ending == Ending::budget_spent) outcome.reason = unmixed_reason(work.metrics, draws);
  transitions.add_metrics(work.metrics);
  work.metrics.push_back({"non_finite_draws", double(non_finite), not_a_number, "",
                          "stored draws with a number that is not finite"});
  if (draws >= 4)
    add_chain_distances(work.cell, work.target, kept, unconstrained, summaries, work.writer,
                        work.metrics);
  return outcome;
}

}  // namespace elbow
