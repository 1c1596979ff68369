#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      integer("rungs", 8, "temperatures of each chain, the target's included").at_least(2),
      real("lowest", 0.02,
           "inverse temperature of the hottest rung, at which p^b must still "
           "have a finite integral")
          .above(0)
          .below(1),
      integer("moves", 5, "random-walk Metropolis moves of every rung between swaps").at_least(1),
      boolean("adapt", true,
              "whether warm-up learns each rung's proposal, from its variances and acceptance, "
              "and spaces the temperatures so that all swaps are equally often accepted")};
}

/// One chain: copies of the state at inverse temperatures 1 = b_0 > b_1 > ..., each moved in p^b by
/// random-walk Metropolis, and swaps of neighbours, of even and odd pairs in turn. The chain is the
/// path of the copy at b = 1.
class Ladder {
 public:
  explicit Ladder(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        rungs_(setup.options.integer("rungs")),
        moves_(setup.options.integer("moves")),
        adapts_(setup.options.boolean("adapt")),
        windows_(setup.warmup),
        variance_(density_.dimension(), rungs_) {
    const Index dimension = density_.dimension();
    inverse_temperature_ = Eigen::VectorXd::LinSpaced(rungs_, 0, 1);
    inverse_temperature_ =
        (inverse_temperature_.array() * std::log(setup.options.real("lowest"))).exp();
    standard_scale_ = 2.38 / std::sqrt(double(dimension));
    scale_.assign(std::size_t(rungs_),
                  AcceptanceScale(dimension == 1 ? 0.44 : 0.234, standard_scale_));
    sd_.setOnes(dimension, rungs_);
    z_.resize(dimension, rungs_);
    z_.col(0).setConstant(not_a_number);
    proposal_.resize(dimension, rungs_);
    for (Eigen::VectorXd* v : {&log_density_, &log_p_, &acceptance_, &barrier_, &former_})
      v->resize(rungs_);
    rejection_.setZero(rungs_ - 1);
    swaps_.setZero(rungs_ - 1);
    was_hot_.assign(std::size_t(rungs_), false);
  }

  void transition(Transition& t, Index c) {
    if ((z_.col(0).array() != t.z.col(c).array()).any()) {
      z_.colwise() = t.z.col(c);
      log_density_.setConstant(t.log_density[c]);
    }
    RandomStream& stream = t.streams[std::size_t(c)];
    const double non_finite = move(stream, t.warmup && adapts_);
    const double swapped = swap(stream, t.iteration);
    was_hot_.back() = true;
    const bool arrived = was_hot_.front();
    was_hot_.front() = false;
    t.z.col(c) = z_.col(0);
    t.log_density[c] = log_density_[0];
    t.statistics.col(c) << acceptance_[0], scale_[0].scale(), swapped, double(arrived), non_finite;
    if (t.warmup && adapts_) adapt(t.iteration);
  }

 private:
  /// @return proposals of the rung b = 1 without a finite density
  double move(RandomStream& stream, bool adapts) {
    double non_finite = 0;
    acceptance_.setZero();
    for (Index m = 0; m < moves_; ++m) {
      stream.fill_normal(proposal_);
      for (Index k = 0; k < rungs_; ++k)
        proposal_.col(k) =
            z_.col(k) + scale_[std::size_t(k)].scale() * sd_.col(k).cwiseProduct(proposal_.col(k));
      density_.log_density(proposal_, log_p_);
      for (Index k = 0; k < rungs_; ++k) {
        const bool finite = std::isfinite(log_p_[k]);
        const double log_ratio = inverse_temperature_[k] * (log_p_[k] - log_density_[k]);
        const double probability = finite ? std::fmin(1, std::exp(log_ratio)) : 0;
        if (stream.uniform() < probability) {
          z_.col(k) = proposal_.col(k);
          log_density_[k] = log_p_[k];
        }
        acceptance_[k] += probability / double(moves_);
        if (k == 0 && !finite) ++non_finite;
        if (adapts) scale_[std::size_t(k)].update(probability);
      }
    }
    return non_finite;
  }

  /// Even pairs in even transitions, odd ones in odd: a state so travels in one direction until a
  /// swap is refused (Okabe et al. 2001; Syed et al. 2022). @return mean acceptance probability
  double swap(RandomStream& stream, Index iteration) {
    double sum = 0;
    Index pairs = 0;
    for (Index k = rungs_ > 2 ? iteration % 2 : 0; k + 1 < rungs_; k += 2, ++pairs) {
      const double log_ratio = (inverse_temperature_[k] - inverse_temperature_[k + 1]) *
                               (log_density_[k + 1] - log_density_[k]);
      const double probability = std::fmin(1, std::exp(log_ratio));
      sum += probability;
      rejection_[k] += 1 - probability;
      ++swaps_[k];
      if (!(stream.uniform() < probability)) continue;
      z_.col(k).swap(z_.col(k + 1));
      std::swap(log_density_[k], log_density_[k + 1]);
      std::vector<bool>::swap(was_hot_[std::size_t(k)], was_hot_[std::size_t(k) + 1]);
    }
    return sum / double(pairs);
  }

  void adapt(Index iteration) {
    if (windows_.gathers(iteration)) variance_.add(z_);
    if (!windows_.closes(iteration)) return;
    variance_.update_sd(sd_);
    // The old scales belong to the old proposals.
    for (AcceptanceScale& scale : scale_) scale.restart(standard_scale_);
    space_temperatures();
    variance_.clear();
    rejection_.setZero();
    swaps_.setZero();
  }

  /// The rejections between neighbours add up to a barrier that depends on the ends alone; the
  /// temperatures that share it equally are found by interpolation in log b (Syed et al. 2022,
  /// algorithm 2).
  void space_temperatures() {
    barrier_[0] = 0;
    for (Index k = 0; k + 1 < rungs_; ++k)
      barrier_[k + 1] =
          barrier_[k] + (swaps_[k] > 0 ? std::fmax(rejection_[k] / swaps_[k], 1e-3) : 1e-3);
    former_ = inverse_temperature_.array().log();
    Index below = 0;
    for (Index k = 1; k + 1 < rungs_; ++k) {
      const double share = barrier_[rungs_ - 1] * double(k) / double(rungs_ - 1);
      while (barrier_[below + 1] < share) ++below;
      const double part = (share - barrier_[below]) / (barrier_[below + 1] - barrier_[below]);
      inverse_temperature_[k] =
          std::exp(former_[below] + part * (former_[below + 1] - former_[below]));
    }
  }

  Density& density_;
  Index rungs_, moves_;
  bool adapts_;
  double standard_scale_ = 1;  ///< where the proposal fits a normal target
  WarmupWindows windows_;
  RunningVariance variance_;
  std::vector<AcceptanceScale> scale_;                ///< [rungs] of the random walks
  Eigen::VectorXd inverse_temperature_;               ///< [rungs]
  Eigen::MatrixXd sd_, z_, proposal_;                 ///< [D x rungs]
  Eigen::VectorXd log_density_, log_p_, acceptance_;  ///< [rungs]
  Eigen::VectorXd barrier_, former_;                  ///< [rungs] of the spacing
  Eigen::VectorXd rejection_, swaps_;  ///< [rungs - 1] of the window, of the swaps k, k + 1
  std::vector<bool> was_hot_;          ///< whether the state has come from the hottest rung
};

/// Parallel tempering: chains that reach all modes by way of flatter versions of the target.
class ParallelTempering final : public Sampler {
 public:
  explicit ParallelTempering(const SamplerSetup& setup)
      : ladders_(std::size_t(setup.chains), Ladder(setup)) {}

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "acceptance probability of the target's moves", ""},
            {"scale", "of the target's random walk, in units of its sd", ""},
            {"swap_rate", "acceptance probability of the transition's swaps", ""},
            {"arrived", "1 where a state that was at the hottest rung reached the target", ""},
            {"non_finite", "moves of the target whose density was infinite or NaN", ""}};
  }

  Progress transition(Transition& t) override {
    for (std::size_t c = 0; c < ladders_.size(); ++c) ladders_[c].transition(t, Index(c));
    return Progress::going;
  }

 private:
  std::vector<Ladder> ladders_;
};

}  // namespace

ELBOW_PLUGIN(ParallelTempering, options,
             {.name = "parallel_tempering",
              .summary = "Parallel tempering with random-walk moves and adapted temperatures",
              .source = "Geyer 1991; Syed et al. 2022 (swaps and temperatures)",
              .needs_of_model = Ability::density})
