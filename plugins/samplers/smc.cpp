#include <algorithm>
#include <elbow/annealing.hpp>
#include <elbow/elbow.hpp>
#include <elbow/resampling.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = AnnealedPath::options();
  all.push_back(choice("criterion", {"conditional", "plain"},
                       "of the next temperature: the effective sample size of the weights of this "
                       "step alone, or of the accumulated ones relative to what it is now"));
  all.push_back(real("ess_target", 0.9, "fraction that a step to the next temperature must keep")
                    .above(0)
                    .below(1));
  all.push_back(Resampling::option());
  all.push_back(real("resample_below", 0.5,
                     "effective sample size, as a fraction of an island's particles, below which "
                     "its ancestors are drawn; 1: at every temperature")
                    .above(0)
                    .at_most(1));
  all.push_back(integer("islands", optional,
                        "parts of the population that draw ancestors among themselves alone, so "
                        "that their evidences tell the error; absent: 20, of at least 20 particles "
                        "each. With fewer than 4 the particles' ancestry tells it")
                    .at_least(1));
  return all;
}

/// Sequential Monte Carlo along AnnealedPath: each transition goes to the next temperature,
/// reweights, draws ancestors where weights have become uneven, and moves. `chains` counts the
/// particles; the transition that reaches the target ends it, and draws and warm-up only bound the
/// number of temperatures. Islands share temperatures and proposals, and are independent otherwise.
class Smc final : public Sampler {
 public:
  explicit Smc(const SamplerSetup& setup)
      : path_(setup),
        conditional_(setup.options.text("criterion") == "conditional"),
        ess_target_(setup.options.real("ess_target")),
        resampling_(setup.options.text("resampling")),
        resample_below_(setup.options.real("resample_below")) {
    const Index particles = setup.chains;
    if (particles < 2)
      throw OptionError("chains, the number of particles, must be at least 2, got " +
                        std::to_string(particles));
    const Index islands = setup.options.has("islands") ? setup.options.integer("islands")
                                                       : std::clamp<Index>(particles / 20, 1, 20);
    if (2 * islands > particles)
      throw OptionError("islands must have at least 2 particles each, got " +
                        std::to_string(islands) + " islands of " + std::to_string(particles) +
                        " particles");
    for (Index k = 0; k <= islands; ++k) begin_.push_back(k * particles / islands);
    island_evidence_.setZero(islands);
    within_.resize(particles);
    for (Index k = 0; k < islands; ++k) island(within_, k).setConstant(1 / double(size(k)));
    for (Eigen::VectorXd* v :
         {&weights_, &family_weight_, &resampled_, &island_ess_, &weights_before_, &ratio_before_})
      v->resize(particles);
    resampled_.setZero();
    ancestors_.resize(std::size_t(particles));
    founders_.resize(std::size_t(particles));
    former_founders_.resize(std::size_t(particles));
    for (std::size_t i = 0; i < founders_.size(); ++i) founders_[i] = Index(i);
    weigh_islands();
  }

  std::vector<TraceField> statistics() const override {
    return {
        {"acceptance_rate", "mean acceptance probability of the moves", ""},
        {"temperature", "inverse temperature reached, 1 at the target", ""},
        {"ess", "effective sample size of the weights, before ancestors are drawn", ""},
        {"resampled", "1 where the particle's island drew ancestors", ""},
        {"scale", "of the proposal: of the random walk, or the longest leapfrog step", ""},
        {"moves", "of every particle at this temperature", ""},
        {"log_evidence_sd",
         "standard deviation of the log evidence so far: the islands' spread, or the particles' "
         "ancestry (Lee & Whiteley 2018), and what moves that forget too slowly leave behind",
         "nats"},
        {"non_finite", "moves whose proposal's density was infinite or NaN", ""}};
  }

  void start(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) override {
    path_.draw_base(streams, z, log_density);
    // Ancestors of the largest island, which nobody descends from, make room for those to come.
    const Index last = islands() - 1;
    RandomStream stream = streams[0].substream(1);
    resampling_.draw(island(within_, last), stream, {ancestors_.data(), std::size_t(size(last))});
  }

  Progress transition(Transition& t) override {
    if (!(path_.log_ratio().maxCoeff() > -infinity))
      throw Error("none of " + std::to_string(weights_.size()) +
                  " particles of the base has a finite log density: more particles, or another "
                  "initial_sd or fit, are needed");
    const double step = path_.next_step(temperature_, weights_, ess_target_, conditional_);
    notice_lag(step);
    temperature_ = step == 1 - temperature_ ? 1 : temperature_ + step;
    const double before = log_evidence_;
    reweight(step);
    t.log_evidence_increment = log_evidence_ - before;
    const double ess = 1 / weights_.squaredNorm();
    path_.learn_shape(t.z, weights_);
    const double sd = log_evidence_sd();
    weights_before_ = weights_;
    ratio_before_ = path_.log_ratio();
    resample(t);
    path_.move(temperature_, t.streams, t.z, t.log_density);
    t.log_weights = weights_.array().log();
    t.statistics.row(0) = path_.acceptance().transpose();
    t.statistics.row(1).setConstant(temperature_);
    t.statistics.row(2).setConstant(ess);
    t.statistics.row(3) = resampled_.transpose();
    t.statistics.row(4).setConstant(path_.proposal().scale);
    t.statistics.row(5).setConstant(double(path_.proposal().moves));
    t.statistics.row(6).setConstant(sd);
    t.statistics.row(7) = path_.non_finite().transpose();
    return temperature_ == 1 ? Progress::converged : Progress::going;
  }

 private:
  Index islands() const { return island_evidence_.size(); }
  Index size(Index k) const { return begin_[std::size_t(k) + 1] - begin_[std::size_t(k)]; }
  Eigen::VectorBlock<Eigen::VectorXd> island(Eigen::VectorXd& v, Index k) const {
    return v.segment(begin_[std::size_t(k)], size(k));
  }

  /// Every island's evidence grows by its weighted mean of the step's weights.
  void reweight(double step) {
    for (Index k = 0; k < islands(); ++k) {
      auto within = island(within_, k);
      const auto ratio = path_.log_ratio().segment(begin_[std::size_t(k)], size(k));
      const double highest = step * ratio.maxCoeff();
      if (island_evidence_[k] == -infinity || highest == -infinity) {
        island_evidence_[k] = -infinity;
        continue;
      }
      for (Index i = 0; i < within.size(); ++i) within[i] *= std::exp(step * ratio[i] - highest);
      const double sum = within.sum();
      island_evidence_[k] += highest + std::log(sum);
      within /= sum;
      island_ess_[k] = 1 / within.squaredNorm();
    }
    weigh_islands();
  }

  /// The evidence is the islands' mean, and each has its share of it as weight.
  void weigh_islands() {
    const double n = double(weights_.size());
    const double highest = island_evidence_.maxCoeff();
    double sum = 0;
    for (Index k = 0; k < islands(); ++k) {
      const double share = double(size(k)) / n * std::exp(island_evidence_[k] - highest);
      island(weights_, k) = share * island(within_, k);
      sum += share;
    }
    weights_ /= sum;
    log_evidence_ = highest + std::log(sum);
  }

  /// Moves that have not forgotten the particles' past leave them behind the temperatures, all
  /// islands alike. By how much is told by what the last moves changed of the increment to come:
  /// as much again, and again, each time by `memory` less, is still missing.
  void notice_lag(double step) {
    if (temperature_ == 0) return;
    const double memory = std::clamp(remembered(step), 0.0, 0.95);
    const double changed = increment(step, weights_, path_.log_ratio()) -
                           increment(step, weights_before_, ratio_before_);
    if (std::isfinite(changed)) lag_ += memory / (1 - memory) * std::abs(changed);
  }

  /// The correlation over the particles between their factors of the weights to come, before and
  /// after the last moves. Of the log ratios themselves it would be that of the few most extreme
  /// ones, which no moves change much in relation to the others and which have no weight.
  double remembered(double step) {
    const Eigen::VectorXd& ratio = path_.log_ratio();
    const double highest = step * std::fmax(ratio.maxCoeff(), ratio_before_.maxCoeff());
    factors_before_.resize(ratio.size());
    for (Index i = 0; i < ratio.size(); ++i)
      factors_before_[i] = std::exp(step * ratio_before_[ancestors_[std::size_t(i)]] - highest);
    factors_ = (step * ratio.array() - highest).exp();
    return correlation(factors_before_, factors_);
  }

  static double increment(double step, const Eigen::VectorXd& weights,
                          const Eigen::VectorXd& ratio) {
    const double highest = step * ratio.maxCoeff();
    double sum = 0;
    for (Index i = 0; i < ratio.size(); ++i)
      sum += weights[i] * std::exp(step * ratio[i] - highest);
    return highest + std::log(sum);
  }

  double log_evidence_sd() {
    return std::hypot(islands() < 4 ? ancestry_sd() : log_mean_exp_sd(island_evidence_), lag_);
  }

  /// Relative standard deviation of the evidence, by how the weight is shared among the particles
  /// of the base that the present ones descend from (Lee & Whiteley 2018, eq. 7).
  double ancestry_sd() {
    family_weight_.setZero();
    for (std::size_t i = 0; i < founders_.size(); ++i)
      family_weight_[founders_[i]] += weights_[Index(i)];
    const double n = double(weights_.size());
    const double apart = 1 - family_weight_.squaredNorm();
    const double variance = 1 - std::pow(n / (n - 1), double(resamplings_ + 1)) * apart;
    return std::sqrt(std::fmax(variance, 0));
  }

  void resample(Transition& t) {
    bool any = false;
    for (Index k = 0; k < islands(); ++k) {
      const Index begin = begin_[std::size_t(k)];
      const std::span<Index> ancestors(&ancestors_[std::size_t(begin)], std::size_t(size(k)));
      const bool resamples =
          island_evidence_[k] > -infinity && island_ess_[k] < resample_below_ * double(size(k));
      island(resampled_, k).setConstant(double(resamples));
      if (resamples) {
        RandomStream stream = t.streams[std::size_t(begin)].substream(1);
        resampling_.draw(island(within_, k), stream, ancestors);
        for (Index& ancestor : ancestors) ancestor += begin;
        island(within_, k).setConstant(1 / double(size(k)));
        any = true;
      } else {
        for (std::size_t i = 0; i < ancestors.size(); ++i) ancestors[i] = begin + Index(i);
      }
    }
    if (!any) return;
    path_.resample(ancestors_, t.z, t.log_density);
    former_founders_ = founders_;
    for (std::size_t i = 0; i < ancestors_.size(); ++i)
      founders_[i] = former_founders_[std::size_t(ancestors_[i])];
    ++resamplings_;
    weigh_islands();
  }

  AnnealedPath path_;
  bool conditional_;
  double ess_target_;
  Resampling resampling_;
  double resample_below_;
  double temperature_ = 0, log_evidence_ = 0;
  double lag_ = 0;            ///< nats by which the particles have fallen behind the temperatures
  std::vector<Index> begin_;  ///< first particles of the islands, and their end
  Eigen::VectorXd island_evidence_;                ///< [islands] log
  Eigen::VectorXd island_ess_;                     ///< [islands]
  Eigen::VectorXd within_;                         ///< [particles]  add up to 1 in every island
  Eigen::VectorXd weights_;                        ///< [particles]  add up to 1
  Eigen::VectorXd family_weight_, resampled_;      ///< [particles]
  Eigen::VectorXd weights_before_, ratio_before_;  ///< [particles]  before the last moves
  Eigen::VectorXd factors_before_, factors_;       ///< [particles]  of the weights to come
  /// Which particle each one was before; and which one of the base it descends from.
  std::vector<Index> ancestors_, founders_, former_founders_;
  Index resamplings_ = 0;
};

}  // namespace

ELBOW_PLUGIN(
    Smc, options,
    {.name = "smc",
     .summary = "Sequential Monte Carlo with adaptive tempering and moves",
     .source = "Del Moral, Doucet & Jasra 2006; Zhou, Johansen & Aston 2016 (temperatures)",
     .needs_of_model = Ability::density,
     .population = true})
