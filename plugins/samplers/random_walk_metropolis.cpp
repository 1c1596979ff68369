#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      real("scale", optional,
           "factor of the proposal's covariance factor at the start; absent: 2.38 / sqrt(D)")
          .above(0),
      real("target_acceptance", optional,
           "mean acceptance that warm-up adapts the scale to; absent: 0.44 in one dimension, else "
           "0.234")
          .above(0)
          .below(1),
      choice("adapt", {"covariance", "diagonal", "scale", "none"},
             "what warm-up adapts: the scale, and the shape of the proposal from the chain's "
             "covariance or variances; the scale alone; nothing")};
}

/// Gaussian random walk: z' = z + scale F e with e ~ N(0, I). Each chain adapts scale and F from
/// its own past.
class RandomWalkMetropolis final : public Sampler {
 public:
  explicit RandomWalkMetropolis(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        adapt_(setup.options.text("adapt")),
        windows_(setup.warmup),
        start_scale_(2.38 / std::sqrt(double(density_.dimension()))) {
    const Index dimension = density_.dimension();
    double target = dimension == 1 ? 0.44 : 0.234;
    if (setup.options.has("target_acceptance")) target = setup.options.real("target_acceptance");
    const double scale = setup.options.has("scale") ? setup.options.real("scale") : start_scale_;
    walks_.assign(setup.chains,
                  Walk(dimension, adapt_ == "covariance", AcceptanceScale(target, scale)));
    noise_.resize(dimension);
    proposal_.resize(dimension, setup.chains);
    log_p_.resize(setup.chains);
  }

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "acceptance probability of the proposal", ""},
            {"accepted", "1 where the proposal was accepted", ""},
            {"scale", "factor of the proposal's covariance factor", ""},
            {"non_finite", "1 where the proposal's density was infinite or NaN", ""}};
  }

  Progress transition(Transition& t) override {
    for (std::size_t c = 0; c < walks_.size(); ++c) {
      t.streams[c].fill_normal(noise_);
      walks_[c].shape(noise_);
      proposal_.col(c) = t.z.col(c) + walks_[c].scale.scale() * noise_;
    }
    density_.log_density(proposal_, log_p_);
    for (std::size_t c = 0; c < walks_.size(); ++c) accept(t, Index(c));
    if (t.warmup && adapt_ != "none")
      for (std::size_t c = 0; c < walks_.size(); ++c) adapt(t, Index(c));
    return Progress::going;
  }

 private:
  /// One chain's proposal, and the moments of its draws in the current window.
  struct Walk {
    Walk(Index dimension, bool full, AcceptanceScale start)
        : scale(start),
          variance(dimension, 1),
          covariance(full ? dimension : 0, full),
          sd(Eigen::VectorXd::Ones(dimension)) {
      if (full) factor = Eigen::MatrixXd::Identity(dimension, dimension);
    }

    /// e -> F e, in place
    void shape(Eigen::VectorXd& e) const {
      if (factor.size() == 0) {
        e.array() *= sd.array();
        return;
      }
      for (Index column = e.size() - 1; column >= 0; --column) {
        const Index below = e.size() - column - 1;
        e.tail(below) += e[column] * factor.col(column).tail(below);
        e[column] *= factor(column, column);
      }
    }

    void add(Vector z) {
      if (factor.size() > 0)
        covariance.add(z);
      else
        variance.add(z);
    }

    /// The moments become the proposal's. A chain that has not moved keeps its old one.
    void close_window() {
      if (factor.size() > 0)
        covariance.factorise(factor);
      else
        variance.update_sd(sd);
      covariance.clear();
      variance.clear();
    }

    AcceptanceScale scale;
    RunningVariance variance;
    RunningCovariance covariance;
    Eigen::VectorXd sd;      ///< [D]
    Eigen::MatrixXd factor;  ///< [D x D] lower triangle, or empty: diag(sd)
  };

  void accept(Transition& t, Index c) {
    const bool finite = std::isfinite(log_p_[c]);
    const double probability = finite ? std::fmin(1, std::exp(log_p_[c] - t.log_density[c])) : 0;
    const bool accepted = t.streams[c].uniform() < probability;
    if (accepted) {
      t.z.col(c) = proposal_.col(c);
      t.log_density[c] = log_p_[c];
    }
    auto statistics = t.statistics.col(c);
    statistics[0] = probability;
    statistics[1] = accepted;
    statistics[2] = walks_[c].scale.scale();
    statistics[3] = !finite;
  }

  void adapt(Transition& t, Index c) {
    Walk& walk = walks_[c];
    walk.scale.update(t.statistics(0, c));
    if (adapt_ == "scale") return;
    if (windows_.gathers(t.iteration)) walk.add(t.z.col(c));
    if (!windows_.closes(t.iteration)) return;
    walk.close_window();
    walk.scale.restart(start_scale_);  // the old one belongs to the old shape
  }

  Density& density_;
  std::string adapt_;
  WarmupWindows windows_;
  double start_scale_;
  std::vector<Walk> walks_;   ///< one per chain
  Eigen::VectorXd noise_;     ///< [D]
  Eigen::MatrixXd proposal_;  ///< [D x chains]
  Eigen::VectorXd log_p_;     ///< [chains]
};

}  // namespace

ELBOW_PLUGIN(RandomWalkMetropolis, options,
             {.name = "random_walk_metropolis",
              .summary = "Metropolis with Gaussian proposals, adapted in warm-up",
              .source = "Metropolis et al. 1953; Haario et al. 2001; Andrieu & Thoms 2008",
              .needs_of_model = Ability::density})
