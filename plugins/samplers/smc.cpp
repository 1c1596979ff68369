#include <elbow/annealing.hpp>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = AnnealedPath::options();
  all.push_back(choice("criterion", {"conditional", "plain"},
                       "of the next temperature: the effective sample size of the weights of this "
                       "step alone, or of the accumulated ones relative to what it is now"));
  all.push_back(real("ess_target", 0.7, "fraction that a step to the next temperature must keep")
                    .above(0)
                    .below(1));
  all.push_back(choice("resampling", {"systematic", "stratified", "residual", "multinomial"},
                       "how ancestors are drawn in proportion to the weights"));
  all.push_back(real("resample_below", 0.5,
                     "effective sample size, as a fraction of the particles, below which "
                     "ancestors are drawn; 1: at every temperature")
                    .above(0)
                    .at_most(1));
  return all;
}

/// Sequential Monte Carlo along AnnealedPath: each transition goes to the next temperature,
/// reweights, draws ancestors where weights have become uneven, and moves. `chains` counts the
/// particles; the transition that reaches the target ends it, and draws and warm-up only bound the
/// number of temperatures.
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
    weights_.setConstant(particles, 1 / double(particles));
    for (Eigen::VectorXd* v : {&step_weights_, &points_, &former_density_, &family_weight_})
      v->resize(particles);
    former_z_.resize(setup.model.density()->dimension(), particles);
    ancestors_.resize(std::size_t(particles));
    founders_.resize(std::size_t(particles));
    former_founders_.resize(std::size_t(particles));
    for (std::size_t i = 0; i < founders_.size(); ++i) founders_[i] = Index(i);
  }

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "mean acceptance probability of the moves", ""},
            {"temperature", "inverse temperature reached, 1 at the target", ""},
            {"ess", "effective sample size of the weights, before ancestors are drawn", ""},
            {"resampled", "1 where ancestors were drawn", ""},
            {"scale", "of the proposal: of the random walk, or the leapfrog step", ""},
            {"log_evidence_sd",
             "standard deviation of the log evidence so far, from the particles' ancestry (Lee & "
             "Whiteley 2018)",
             "nats"},
            {"non_finite", "moves whose proposal's density was infinite or NaN", ""}};
  }

  void start(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) override {
    path_.draw_base(streams, z, log_density);
  }

  Progress transition(Transition& t) override {
    if (!(path_.log_ratio().maxCoeff() > -infinity))
      throw Error("none of " + std::to_string(weights_.size()) +
                  " particles of the base has a finite log density: more particles, or another "
                  "initial_sd or fit, are needed");
    const double step = next_step();
    temperature_ = step == 1 - temperature_ ? 1 : temperature_ + step;
    t.log_evidence_increment = reweight(step);
    const double ess = 1 / weights_.squaredNorm();
    path_.learn_shape(t.z, weights_);
    const bool resamples = ess < resample_below_ * double(weights_.size());
    const double sd = log_evidence_sd();
    if (resamples) resample(t);
    path_.move(temperature_, true, t.streams, t.z, t.log_density);
    t.log_weights = weights_.array().log();
    t.statistics.row(0) = path_.acceptance().transpose();
    t.statistics.row(1).setConstant(temperature_);
    t.statistics.row(2).setConstant(ess);
    t.statistics.row(3).setConstant(double(resamples));
    t.statistics.row(4).setConstant(path_.proposal().scale);
    t.statistics.row(5).setConstant(sd);
    t.statistics.row(6) = path_.non_finite().transpose();
    return temperature_ == 1 ? Progress::converged : Progress::going;
  }

 private:
  /// Weights of a step alone, relative to their maximum, into step_weights_. @return log maximum
  double weigh(double step) {
    const Eigen::VectorXd& ratio = path_.log_ratio();
    const double highest = step * ratio.maxCoeff();
    for (Index i = 0; i < ratio.size(); ++i) step_weights_[i] = std::exp(step * ratio[i] - highest);
    return highest;
  }

  /// The effective sample size that a step leaves, relative to none. A step of any size removes the
  /// particles without density; `alive` is what remains then.
  double kept(double step, double alive) {
    weigh(step);
    const double sum = weights_.dot(step_weights_);
    double squares = 0, before = 0;
    for (Index i = 0; i < weights_.size(); ++i) {
      const double w = weights_[i];
      squares += (conditional_ ? w : w * w) * step_weights_[i] * step_weights_[i];
      if (std::isfinite(path_.log_ratio()[i])) before += w * w;
    }
    if (conditional_) return sum * sum / (squares * alive);
    return sum * sum / squares * before / (alive * alive);
  }

  /// The longest step towards the target that keeps `ess_target` (Zhou, Johansen & Aston 2016,
  /// section 3.3; Del Moral, Doucet & Jasra 2012).
  double next_step() {
    const Eigen::VectorXd& ratio = path_.log_ratio();
    double alive = 0;
    for (Index i = 0; i < weights_.size(); ++i)
      if (std::isfinite(ratio[i])) alive += weights_[i];
    double low = 0, high = 1 - temperature_;
    if (kept(high, alive) >= ess_target_) return high;
    for (int i = 0; i < 50; ++i) {
      const double middle = 0.5 * (low + high);
      (kept(middle, alive) >= ess_target_ ? low : high) = middle;
    }
    // Where rounding leaves no step that keeps enough, the shortest is made: the path goes on.
    return low > 0 ? low : high;
  }

  /// @return log of the weighted mean of the step's weights, the evidence gained
  double reweight(double step) {
    const double highest = weigh(step);
    weights_ = weights_.cwiseProduct(step_weights_);
    const double sum = weights_.sum();
    weights_ /= sum;
    return highest + std::log(sum);
  }

  /// Relative standard deviation of the evidence, by how the weight is shared among the particles
  /// of the base that the present ones descend from (Lee & Whiteley 2018, eq. 7).
  double log_evidence_sd() {
    family_weight_.setZero();
    for (std::size_t i = 0; i < founders_.size(); ++i)
      family_weight_[founders_[i]] += weights_[Index(i)];
    const double n = double(weights_.size());
    const double apart = 1 - family_weight_.squaredNorm();
    const double variance = 1 - std::pow(n / (n - 1), double(resamplings_ + 1)) * apart;
    return std::sqrt(std::fmax(variance, 0));
  }

  void resample(Transition& t) {
    RandomStream stream = t.streams[0].substream(1);
    draw_ancestors(stream);
    former_z_ = t.z;
    former_density_ = t.log_density;
    former_founders_ = founders_;
    for (std::size_t i = 0; i < ancestors_.size(); ++i) {
      const Index a = ancestors_[i];
      t.z.col(Index(i)) = former_z_.col(a);
      t.log_density[Index(i)] = former_density_[a];
      founders_[i] = former_founders_[std::size_t(a)];
    }
    path_.reorder(ancestors_);
    weights_.setConstant(1 / double(weights_.size()));
    ++resamplings_;
  }

  /// Every particle i has weights_[i] N descendants in the mean (Douc, Cappe & Moulines 2005).
  void draw_ancestors(RandomStream& stream) {
    const Index particles = weights_.size();
    Index settled = 0;
    if (resampling_ == "residual") {
      for (Index i = 0; i < particles; ++i) {
        const double whole = std::floor(weights_[i] * double(particles));
        weights_[i] -= whole / double(particles);
        for (Index k = 0; k < Index(whole) && settled < particles; ++k)
          ancestors_[std::size_t(settled++)] = i;
      }
      weights_ = weights_.cwiseMax(0);
    }
    const Index rest = particles - settled;
    if (rest == 0) return;
    draw_points(stream, rest);
    // Summed in the order of the walk below, which so ends on a particle that has weight.
    double total = 0;
    for (const double weight : weights_) total += weight;
    double below = weights_[0];
    Index i = 0;
    for (Index k = 0; k < rest; ++k) {
      while (points_[k] * total > below && i + 1 < particles) below += weights_[++i];
      ancestors_[std::size_t(settled + k)] = i;
    }
  }

  /// Increasing numbers of (0, 1) into the head of points_.
  void draw_points(RandomStream& stream, Index count) {
    const double n = double(count);
    if (resampling_ == "systematic") {
      const double shift = stream.uniform();
      for (Index k = 0; k < count; ++k) points_[k] = (double(k) + shift) / n;
    } else if (resampling_ == "stratified") {
      for (Index k = 0; k < count; ++k) points_[k] = (double(k) + stream.uniform()) / n;
    } else {
      // Sums of exponentials over the next sum are ordered uniforms.
      double sum = 0;
      for (Index k = 0; k < count; ++k) points_[k] = sum += stream.exponential();
      points_.head(count) /= sum + stream.exponential();
    }
  }

  AnnealedPath path_;
  bool conditional_;
  double ess_target_;
  std::string resampling_;
  double resample_below_;
  double temperature_ = 0;
  Eigen::VectorXd weights_;                                  ///< [particles]  add up to 1
  Eigen::VectorXd step_weights_;                             ///< [particles]  of one step
  Eigen::VectorXd points_, former_density_, family_weight_;  ///< [particles]
  Eigen::MatrixXd former_z_;                                 ///< [D x particles]
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
