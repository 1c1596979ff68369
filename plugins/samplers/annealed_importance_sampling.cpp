#include <algorithm>
#include <elbow/annealing.hpp>
#include <elbow/elbow.hpp>
#include <elbow/resampling.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = AnnealedPath::options();
  all.push_back(integer("temperatures", optional,
                        "T, transitions from the base to the target; absent: after a pilot so many "
                        "that perfect moves would leave the log weights a variance of 1/2, without "
                        "one 200. warmup + draws must leave room for them")
                    .at_least(1));
  all.push_back(real("power", optional,
                     "c: the inverse temperatures are (t / T)^c; absent: after a pilot spaced by "
                     "how fast its particles' weights become uneven, without one 4")
                    .above(0));
  all.push_back(boolean("pilot", true,
                        "whether a population of its own, as large, goes ahead by sequential Monte "
                        "Carlo and learns each temperature's proposals"));
  return all;
}

/// Annealed importance sampling along AnnealedPath: each particle carries the weight
/// prod_t pi_t(z_t) / pi_t-1(z_t), with z_t+1 moved from z_t at temperature t. `chains` counts the
/// particles. Given the pilot's proposals they are independent, so that the mean weight is an
/// unbiased estimate of the evidence.
class AnnealedImportanceSampling final : public Sampler {
 public:
  explicit AnnealedImportanceSampling(const SamplerSetup& setup)
      : path_(setup),
        pilots_(setup.options.boolean("pilot")),
        most_(std::max<Index>(setup.warmup + setup.draws, 1)),
        log_weights_(Eigen::VectorXd::Zero(setup.chains)) {
    if (setup.options.has("temperatures")) asked_ = setup.options.integer("temperatures");
    if (setup.options.has("power")) power_ = setup.options.real("power");
  }

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "mean acceptance probability of the moves", ""},
            {"temperature", "inverse temperature reached, 1 at the target", ""},
            {"ess", "effective sample size of the weights", ""},
            {"log_evidence_sd",
             "standard deviation of the log evidence so far; at the target no less than what the "
             "pilot's evidence tells",
             "nats"},
            {"non_finite", "moves whose proposal's density was infinite or NaN", ""}};
  }

  void start(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) override {
    if (pilots_) send_pilot(streams, z, log_density);
    space_temperatures();
    path_.draw_base(streams, z, log_density);
  }

  Progress transition(Transition& t) override {
    const std::size_t next = std::size_t(t.iteration) + 1;
    const double step = temperatures_[next] - temperatures_[next - 1];
    const double before = log_sum_exp(log_weights_);
    log_weights_ += step * path_.log_ratio();
    const double after = log_sum_exp(log_weights_);
    if (after == -infinity)
      throw Error("none of " + std::to_string(log_weights_.size()) +
                  " particles has a finite log density: more particles, or another initial_sd or "
                  "fit, are needed");
    t.log_evidence_increment = after - before;
    const double ess = 1 / (2 * (log_weights_.array() - after)).exp().sum();
    const double b = temperatures_[next];
    path_.move(b, use_proposal(b), t.streams, t.z, t.log_density);
    t.log_weights = log_weights_;
    t.statistics.row(0) = path_.acceptance().transpose();
    t.statistics.row(1).setConstant(b);
    t.statistics.row(2).setConstant(ess);
    const bool ends = next + 1 == temperatures_.size();
    double sd = log_mean_exp_sd(log_weights_);
    // Weights of a heavy tail often lack the large ones, and do not show it. The pilot's evidence
    // is a second estimate, and half the squared difference of two is the variance of one.
    if (ends && pilot_evidence_)
      sd = std::fmax(sd, std::fabs(log_mean_exp(log_weights_) - *pilot_evidence_) / std::sqrt(2));
    t.statistics.row(3).setConstant(sd);
    t.statistics.row(4) = path_.non_finite().transpose();
    return ends ? Progress::converged : Progress::going;
  }

 private:
  static constexpr double pilot_kept = 0.9;

  /// One temperature of the pilot.
  struct Stage {
    double temperature;
    double length;  ///< from the base, in standard deviations of the log weights
    AnnealedPath::Proposal proposal;
  };

  /// Sequential Monte Carlo with ancestors drawn at every temperature.
  void send_pilot(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) {
    std::vector<RandomStream> own(streams.begin(), streams.end());
    const auto begin = [&](Index t) {
      for (std::size_t c = 0; c < own.size(); ++c)
        own[c] = streams[c].substream(std::uint64_t(t) + 1);
    };
    begin(0);
    path_.draw_base(own, z, log_density);
    const Eigen::VectorXd equal = Eigen::VectorXd::Constant(z.cols(), 1 / double(z.cols()));
    Eigen::VectorXd weights(z.cols());
    std::vector<Index> ancestors(std::size_t(z.cols()));
    Resampling resampling("systematic");
    double b = 0, length = 0, log_evidence = 0;
    while (b < 1 && path_.log_ratio().maxCoeff() > -infinity) {
      begin(Index(stages_.size()) + 1);
      const double step = path_.next_step(b, equal, pilot_kept, true);
      b = step == 1 - b ? 1 : b + step;
      weights = (step * (path_.log_ratio().array() - path_.log_ratio().maxCoeff())).exp();
      log_evidence += step * path_.log_ratio().maxCoeff() + std::log(weights.mean());
      weights = (weights.array() < 1e-300).select(0, weights) / weights.sum();
      const double alive =
          double((path_.log_ratio().array() > -infinity).count()) / double(z.cols());
      length += std::sqrt(std::fmax(alive * double(z.cols()) * weights.squaredNorm() - 1, 1e-12));
      path_.learn_shape(z, weights);
      RandomStream stream = own[0].substream(1);
      resampling.draw(weights, stream, ancestors);
      path_.resample(ancestors, z, log_density);
      path_.move(b, own, z, log_density);
      stages_.push_back({b, length, path_.proposal()});
    }
    if (b == 1) pilot_evidence_ = log_evidence;
  }

  void space_temperatures() {
    const double whole = stages_.empty() ? 0 : stages_.back().length;
    // Each of T equal steps has the variance (whole / T)^2.
    Index count = 200;
    if (whole > 0) count = std::clamp<Index>(Index(std::ceil(2 * whole * whole)), 20, most_);
    if (asked_) count = *asked_;
    temperatures_.assign(std::size_t(count) + 1, 0);
    std::size_t stage = 0;
    for (Index t = 1; t <= count; ++t) {
      double& b = temperatures_[std::size_t(t)];
      if (power_ || whole == 0) {
        b = std::pow(double(t) / double(count), power_.value_or(4));
        continue;
      }
      const double length = whole * double(t) / double(count);
      while (stage + 1 < stages_.size() && stages_[stage].length < length) ++stage;
      const double from = stage == 0 ? 0 : stages_[stage - 1].length;
      const double below = stage == 0 ? 0 : stages_[stage - 1].temperature;
      b = below + (stages_[stage].temperature - below) *
                      std::fmin(1, (length - from) / (stages_[stage].length - from));
    }
    temperatures_.back() = 1;
  }

  /// What the pilot learnt at the first of its temperatures that is not below b. @return moves
  /// that this temperature gets of those which the pilot made there
  Index use_proposal(double b) {
    if (stages_.empty()) return 1;
    const auto stage = std::lower_bound(
        stages_.begin(), stages_.end() - 1, b,
        [](const Stage& s, double temperature) { return s.temperature < temperature; });
    path_.use(stage->proposal);
    const double share = double(stages_.size()) / double(temperatures_.size() - 1);
    return std::max<Index>(1, Index(std::lround(double(stage->proposal.moves) * share)));
  }

  AnnealedPath path_;
  bool pilots_;
  Index most_;
  std::optional<Index> asked_;
  std::optional<double> power_;
  std::vector<Stage> stages_;
  std::optional<double> pilot_evidence_;  ///< log, where there was a pilot that reached the target
  std::vector<double> temperatures_;      ///< from 0 to 1
  Eigen::VectorXd log_weights_;           ///< [particles]
};

}  // namespace

ELBOW_PLUGIN(AnnealedImportanceSampling, options,
             {.name = "annealed_importance_sampling",
              .summary = "Annealed importance sampling: weighted draws and an unbiased evidence",
              .source = "Neal 2001, section 2; Friel & Pettitt 2008 (temperatures)",
              .needs_of_model = Ability::density,
              .population = true})
