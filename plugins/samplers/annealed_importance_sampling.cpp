#include <elbow/annealing.hpp>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = AnnealedPath::options();
  all.push_back(integer("temperatures", 200,
                        "T, transitions from the base to the target; warmup + draws must leave "
                        "room for them")
                    .at_least(1));
  all.push_back(real("power", 4.0, "c: the inverse temperatures are (t / T)^c").above(0));
  all.push_back(boolean("pilot", true,
                        "whether particles of their own, which cost as much again, learn each "
                        "temperature's proposals first"));
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
        temperatures_(setup.options.integer("temperatures")),
        power_(setup.options.real("power")),
        pilots_(setup.options.boolean("pilot")),
        log_weights_(Eigen::VectorXd::Zero(setup.chains)) {}

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "mean acceptance probability of the moves", ""},
            {"temperature", "inverse temperature reached, 1 at the target", ""},
            {"ess", "effective sample size of the weights", ""},
            {"log_evidence_sd", "standard deviation of the log evidence so far", "nats"},
            {"non_finite", "moves whose proposal's density was infinite or NaN", ""}};
  }

  void start(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) override {
    if (pilots_) learn_proposals(streams, z, log_density);
    path_.draw_base(streams, z, log_density);
  }

  Progress transition(Transition& t) override {
    const double step = temperature(t.iteration + 1) - temperature(t.iteration);
    const double before = log_sum_exp(log_weights_);
    log_weights_ += step * path_.log_ratio();
    const double after = log_sum_exp(log_weights_);
    if (after == -infinity)
      throw Error("none of " + std::to_string(log_weights_.size()) +
                  " particles has a finite log density: more particles, or another initial_sd or "
                  "fit, are needed");
    t.log_evidence_increment = after - before;
    const double n = double(log_weights_.size());
    const double ess = 1 / (2 * (log_weights_.array() - after)).exp().sum();
    if (pilots_) path_.use(proposals_[std::size_t(t.iteration)]);
    path_.move(temperature(t.iteration + 1), false, t.streams, t.z, t.log_density);
    t.log_weights = log_weights_;
    t.statistics.row(0) = path_.acceptance().transpose();
    t.statistics.row(1).setConstant(temperature(t.iteration + 1));
    t.statistics.row(2).setConstant(ess);
    // The mean weight's relative error, by the delta method.
    t.statistics.row(3).setConstant(std::sqrt(std::fmax((1 / ess - 1 / n) * n / (n - 1), 0)));
    t.statistics.row(4) = path_.non_finite().transpose();
    return t.iteration + 1 == temperatures_ ? Progress::converged : Progress::going;
  }

 private:
  double temperature(Index t) const { return std::pow(double(t) / double(temperatures_), power_); }

  /// Particles that are moved through all temperatures without weights; each temperature keeps the
  /// covariance that they have there and the scale that their acceptance asks for.
  void learn_proposals(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) {
    std::vector<RandomStream> own(streams.begin(), streams.end());
    const auto begin = [&](Index t) {
      for (std::size_t c = 0; c < own.size(); ++c)
        own[c] = streams[c].substream(std::uint64_t(t) + 1);
    };
    begin(0);
    path_.draw_base(own, z, log_density);
    const Eigen::VectorXd weights = Eigen::VectorXd::Constant(z.cols(), 1 / double(z.cols()));
    for (Index t = 1; t <= temperatures_; ++t) {
      begin(t);
      path_.learn_shape(z, weights);
      path_.move(temperature(t), true, own, z, log_density);
      proposals_.push_back(path_.proposal());
    }
  }

  AnnealedPath path_;
  Index temperatures_;
  double power_;
  bool pilots_;
  std::vector<AnnealedPath::Proposal> proposals_;  ///< one per transition
  Eigen::VectorXd log_weights_;                    ///< [particles]
};

}  // namespace

ELBOW_PLUGIN(AnnealedImportanceSampling, options,
             {.name = "annealed_importance_sampling",
              .summary = "Annealed importance sampling: weighted draws and an unbiased evidence",
              .source = "Neal 2001, section 2; Friel & Pettitt 2008 (temperatures)",
              .needs_of_model = Ability::density,
              .population = true})
