#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("temperatures", 60, "transitions from the start to the target").at_least(1),
          real("initial_scale", 3, "standard deviation of the start N(0, s^2 I)").above(0),
          real("step_size", 0.8, "standard deviation of the random-walk proposal").above(0)};
}

/// Annealed importance sampling from N(0, s^2 I) along p_t ~ q^(1 - t/T) p^(t/T), with one random
/// walk Metropolis move at every temperature; log weights add up to the evidence.
class AnnealedImportance final : public Sampler {
 public:
  explicit AnnealedImportance(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        temperatures_(setup.options.integer("temperatures")),
        initial_scale_(setup.options.real("initial_scale")),
        step_size_(setup.options.real("step_size")),
        proposal_(density_.dimension(), setup.chains),
        proposed_(setup.chains),
        log_weights_(Eigen::VectorXd::Zero(setup.chains)) {}

  std::vector<TraceField> statistics() const override {
    return {{"accepted", "1 where the proposal was accepted", ""},
            {"temperature", "inverse temperature of the transition, 1 at the target", ""}};
  }

  void start(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density) override {
    for (Index c = 0; c < z.cols(); ++c)
      for (double& number : z.col(c)) number = initial_scale_ * streams[std::size_t(c)].normal();
    density_.log_density(z, log_density);
  }

  Progress transition(Transition& at) override {
    const double before = double(at.iteration) / double(temperatures_);
    const double after = double(at.iteration + 1) / double(temperatures_);
    const double evidence = log_sum_exp(log_weights_);
    for (Index c = 0; c < at.z.cols(); ++c) {
      const double gain = usable(at.log_density[c]) - log_start(at.z.col(c));
      log_weights_[c] += (after - before) * gain;
    }
    at.log_evidence_increment = log_sum_exp(log_weights_) - evidence;
    at.log_weights = log_weights_;
    move(at, after);
    return at.iteration + 1 == temperatures_ ? Progress::converged : Progress::going;
  }

 private:
  /// NaN is no density: a particle there has no weight.
  static double usable(double log_p) { return std::isnan(log_p) ? -INFINITY : log_p; }
  double log_start(const Eigen::Ref<const Eigen::VectorXd>& z) const {
    return -0.5 * z.squaredNorm() / (initial_scale_ * initial_scale_) -
           double(z.size()) * (std::log(initial_scale_) + 0.5 * log_2pi);
  }

  void move(Transition& at, double temperature) {
    for (Index c = 0; c < at.z.cols(); ++c)
      for (Index d = 0; d < at.z.rows(); ++d)
        proposal_(d, c) = at.z(d, c) + step_size_ * at.streams[std::size_t(c)].normal();
    density_.log_density(proposal_, proposed_);
    for (Index c = 0; c < at.z.cols(); ++c) {
      const double there =
          temperature * usable(proposed_[c]) + (1 - temperature) * log_start(proposal_.col(c));
      const double here =
          temperature * usable(at.log_density[c]) + (1 - temperature) * log_start(at.z.col(c));
      const bool accept = std::log(at.streams[std::size_t(c)].uniform()) < there - here;
      at.statistics(0, c) = accept;
      at.statistics(1, c) = temperature;
      if (!accept) continue;
      at.z.col(c) = proposal_.col(c);
      at.log_density[c] = proposed_[c];
    }
  }

  Density& density_;
  Index temperatures_;
  double initial_scale_, step_size_;
  Eigen::MatrixXd proposal_;  ///< [D x chains]
  Eigen::VectorXd proposed_, log_weights_;
};

}  // namespace

ELBOW_PLUGIN(AnnealedImportance, options,
             {.name = "annealed_importance",
              .summary = "annealed importance sampling with random-walk moves",
              .source = "Neal 2001, section 2",
              .needs_of_model = Ability::density,
              .population = true})
