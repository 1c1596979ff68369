#include "cell/chain_groups.hpp"

#include <algorithm>
#include <elbow/math.hpp>

namespace elbow {
namespace {

/// A coordinate beyond this is no draw of a proper posterior: the chain has run away.
constexpr double farthest = 1e50;

}  // namespace

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

  /// The place before the first transition, which has neither steps nor anything else to report.
  /// @pre the chain is no ensemble
  void write_start(const RowLayout& layout, Eigen::VectorXd& row) const {
    work_.moved.to_target(place_, log_density_, layout.z(row), layout.lp(row));
    layout.statistics(row).setZero();
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

namespace {

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

std::vector<Chain> one_each(SamplingWork& work, const ChainStates& states) {
  std::vector<Chain> chains;
  const Index count = work.cell.settings.chains;
  chains.reserve(std::size_t(count));
  for (Index c = 0; c < count; ++c) chains.emplace_back(work, states, c);
  return chains;
}

}  // namespace

ChainGroups::ChainGroups(SamplingWork& work, ChainStates& states)
    : work_(work),
      chains_(one_each(work, states)),
      fields_(chains_.front().fields()),
      layout_(work.target.density()->dimension(), chains_.front().walkers(), Index(fields_.size())),
      rows_(chains_.size(), Eigen::VectorXd::Constant(layout_.size(), 0.0)),
      divergences_(rows_),
      coming_(rows_),
      coming_divergences_(rows_) {
  if (layout_.walkers() == 1)
    for (std::size_t c = 0; c < chains_.size(); ++c) chains_[c].write_start(layout_, rows_[c]);
  const std::size_t count = 1 + std::size_t(work.processors.take(Index(chains_.size()) - 1));
  processes_.reserve(count);
  for (std::size_t g = 0; g < count; ++g) {
    std::vector<Chain*> group;
    for (std::size_t c = g; c < chains_.size(); c += count) group.push_back(&chains_[c]);
    processes_.emplace_back(
        [this, group](RowSender& sender) { run_group(work_, group, layout_, sender); },
        layout_.size());
  }
}

ChainGroups::~ChainGroups() {
  processes_.clear();
  work_.processors.give_back();
}

std::optional<Outcome> ChainGroups::next() {
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

std::optional<Outcome> ChainGroups::ended() {
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
                                           std::to_string(coordinate) + " is beyond 1e50" + where +
                                           "; the target may be improper"};
  }
  return {};
}

void ChainGroups::add_costs() {
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

ChainProcess::Next ChainGroups::receive(ChainProcess& process, Eigen::VectorXd& row) {
  ChainProcess::Next next = process.next(row, [&] { return !stopped_ && work_.stop.received(); });
  if (next != ChainProcess::Next::stopped) return next;
  stop();
  return process.next(row, [] { return false; });
}

void ChainGroups::stop() {
  for (ChainProcess& process : processes_) process.kill();
  stopped_ = true;
}

}  // namespace elbow
