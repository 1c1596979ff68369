#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("step_size", optional,
               "first (without warm-up: only) leapfrog step; absent: found by doubling or halving")
              .above(0),
          real("path_length", 2.0,
               "mean integration time; the metric makes every marginal sd about 1, for which 2 is "
               "a little over a quarter of the period")
              .above(0),
          real("jitter", 0.5,
               "the integration time is uniform on path_length (1 -+ jitter), so that no period of "
               "the target can trap a chain")
              .at_least(0)
              .below(1),
          integer("max_steps", 256, "most leapfrog steps in one transition; longer paths are cut")
              .at_least(1),
          real("target_acceptance", 0.8, "mean acceptance that warm-up adapts the step size to")
              .above(0)
              .below(1),
          choice("metric", {"diagonal", "unit"},
                 "inverse mass matrix: variances adapted in warm-up, or the identity")};
}

/// Hamiltonian Monte Carlo: leapfrog on H(q, p) = -log p(q) + p^T M^-1 p / 2. All chains of the
/// block move together; each adapts from its own past, and stops when its own path is complete.
class Hmc final : public Sampler {
 public:
  explicit Hmc(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        path_length_(setup.options.real("path_length")),
        jitter_(setup.options.real("jitter")),
        max_steps_(setup.options.integer("max_steps")),
        first_step_size_(setup.options.has("step_size") ? setup.options.real("step_size") : 0),
        adapts_metric_(setup.options.text("metric") == "diagonal"),
        chains_(setup.chains),
        dual_averaging_(setup.chains, DualAveraging(setup.options.real("target_acceptance"))),
        windows_(setup.warmup),
        variance_(density_.dimension(), setup.chains),
        path_(setup.chains) {
    const Index dimension = density_.dimension();
    inverse_metric_.setOnes(dimension, chains_);
    momentum_sd_.setOnes(dimension, chains_);
    sd_.setOnes(dimension, chains_);
    state_.setConstant(dimension, chains_, not_a_number);
    state_gradient_.resize(dimension, chains_);
    q_.resize(dimension, chains_);
    p_.resize(dimension, chains_);
    gradient_.resize(dimension, chains_);
    diverged_at_.resize(dimension, chains_);
    diverging_.assign(std::size_t(chains_), false);
    log_p_.resize(chains_);
    step_size_.resize(chains_);
  }

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "acceptance probability of the proposal", ""},
            {"step_size", "leapfrog step used", ""},
            {"n_steps", "leapfrog steps made", ""},
            {"energy", "Hamiltonian of the kept state", ""},
            {"diverging", "1 where the energy error was above 1000 on the path", ""},
            {"non_finite", "1 where the path ended in an infinite or NaN density", ""}};
  }

  Progress transition(Transition& t) override {
    const bool first = state_.hasNaN();
    if ((state_.array() != t.z.array()).any()) {
      density_.log_density_gradient(t.z, log_p_, state_gradient_);
      state_ = t.z;
    }
    if (first)
      for (Index c = 0; c < chains_; ++c) start_step_size(t, c);
    if (!t.warmup && adapting_) freeze(t.iteration);
    for (Index c = 0; c < chains_; ++c) launch(t, c);
    integrate();
    for (Index column = 0; column < chains_; ++column) accept(t, column);
    if (t.warmup) adapt(t);
    return Progress::going;
  }

  std::span<const double> divergence(Index c) const override {
    return {diverged_at_.col(c).data(),
            diverging_[std::size_t(c)] ? std::size_t(diverged_at_.rows()) : 0};
  }

 private:
  /// One chain's path through the current transition; `path_[k]` is in column k of q_, p_, ...
  struct Path {
    Index chain;
    Index steps_left, steps_made;
    double step_size;
    double start_energy, energy;
    double accept_draw;  ///< uniform
  };

  void launch(Transition& t, Index c) {
    RandomStream& stream = t.streams[c];
    draw_momentum(stream, c, c);
    const double time = path_length_ * (1 + jitter_ * (2 * stream.uniform() - 1));
    const double wanted = std::ceil(time / step_size_[c]);
    const Index steps = Index(std::fmin(std::fmax(wanted, 1), double(max_steps_)));
    q_.col(c) = t.z.col(c);
    gradient_.col(c) = state_gradient_.col(c);
    const double energy = kinetic(c, c) - t.log_density[c];
    path_[c] = {c,      steps,           0, std::fmin(step_size_[c], time / double(steps)), energy,
                energy, stream.uniform()};
    diverging_[std::size_t(c)] = false;
  }

  /// Moves all chains to the ends of their paths. Those still on their way are kept in the leftmost
  /// columns, so that finished chains cost nothing.
  void integrate() {
    for (Index active = chains_; active > 0;) {
      leapfrog(active);
      for (Index k = active - 1; k >= 0; --k) {
        Path& path = path_[k];
        path.energy = kinetic(k, path.chain) - log_p_[k];
        note_divergence(path, k);
        ++path.steps_made;
        // A path that leaves the support is given up; so would be the same path run backwards.
        if (--path.steps_left == 0 || !std::isfinite(path.energy)) swap_columns(k, --active);
      }
    }
  }

  void note_divergence(const Path& path, Index column) {
    const double error = path.energy - path.start_energy;
    if (diverging_[std::size_t(path.chain)] || (std::isfinite(error) && error <= 1000)) return;
    diverging_[std::size_t(path.chain)] = true;
    diverged_at_.col(path.chain) = q_.col(column);
  }

  void leapfrog(Index active) {
    for (Index k = 0; k < active; ++k) {
      const Path& path = path_[k];
      p_.col(k) += 0.5 * path.step_size * gradient_.col(k);
      q_.col(k) += path.step_size * inverse_metric_.col(path.chain).cwiseProduct(p_.col(k));
    }
    density_.log_density_gradient(q_.leftCols(active), log_p_.head(active),
                                  gradient_.leftCols(active));
    for (Index k = 0; k < active; ++k) p_.col(k) += 0.5 * path_[k].step_size * gradient_.col(k);
  }

  void swap_columns(Index a, Index b) {
    if (a == b) return;
    std::swap(path_[a], path_[b]);
    std::swap(log_p_[a], log_p_[b]);
    q_.col(a).swap(q_.col(b));
    p_.col(a).swap(p_.col(b));
    gradient_.col(a).swap(gradient_.col(b));
  }

  void accept(Transition& t, Index column) {
    const Path& path = path_[column];
    const bool finite = std::isfinite(path.energy);
    const double probability = finite ? std::fmin(1, std::exp(path.start_energy - path.energy)) : 0;
    const bool accepted = path.accept_draw < probability;
    if (accepted) {
      state_.col(path.chain) = t.z.col(path.chain) = q_.col(column);
      state_gradient_.col(path.chain) = gradient_.col(column);
      t.log_density[path.chain] = log_p_[column];
    }
    auto statistics = t.statistics.col(path.chain);
    statistics[0] = probability;
    statistics[1] = path.step_size;
    statistics[2] = double(path.steps_made);
    statistics[3] = accepted ? path.energy : path.start_energy;
    statistics[4] = diverging_[std::size_t(path.chain)];
    statistics[5] = !finite;
  }

  void adapt(Transition& t) {
    if (windows_.gathers(t.iteration)) variance_.add(t.z);
    const bool closes = windows_.closes(t.iteration) && adapts_metric_;
    if (closes) use_variances();
    for (Index c = 0; c < chains_; ++c) {
      dual_averaging_[c].update(t.statistics(0, c));
      step_size_[c] = dual_averaging_[c].step_size();
      if (!closes) continue;
      start_step_size(t, c);
    }
    if (windows_.closes(t.iteration)) variance_.clear();
  }

  void use_variances() {
    variance_.update_sd(sd_);
    inverse_metric_ = sd_.cwiseAbs2();
    momentum_sd_ = sd_.cwiseInverse();
  }

  /// From here on nothing depends on the chain's past but its state.
  void freeze(Index transitions) {
    adapting_ = false;
    if (transitions == 0) return;
    for (Index c = 0; c < chains_; ++c) step_size_[c] = dual_averaging_[c].averaged_step_size();
  }

  /// Doubles or halves the step size until the acceptance of one step crosses 0.8 (Hoffman & Gelman
  /// 2014, algorithm 4, there with 0.5). A step size that the experiment gives is used first.
  void start_step_size(Transition& t, Index c) {
    const bool given = first_step_size_ > 0 && t.iteration == 0;
    double step = given ? first_step_size_ : 0.5 * path_length_;
    if (!given) {
      const bool grows = one_step_acceptance(t, c, step) > 0.8;
      const double factor = grows ? 2 : 0.5;
      while ((one_step_acceptance(t, c, step) > 0.8) == grows && step < path_length_ &&
             step > 1e-12 * path_length_)
        step *= factor;
    }
    step_size_[c] = step;
    dual_averaging_[c].restart(step);
  }

  /// Uses the first column of the working blocks.
  double one_step_acceptance(Transition& t, Index c, double step) {
    RandomStream stream = t.streams[c].substream(0);
    draw_momentum(stream, 0, c);
    q_.col(0) = t.z.col(c);
    gradient_.col(0) = state_gradient_.col(c);
    const double start = kinetic(0, c) - t.log_density[c];
    path_[0].chain = c;
    path_[0].step_size = step;
    leapfrog(1);
    const double error = kinetic(0, c) - log_p_[0] - start;
    return std::isfinite(error) ? std::fmin(1, std::exp(-error)) : 0;
  }

  void draw_momentum(RandomStream& stream, Index column, Index chain) {
    stream.fill_normal(p_.col(column));
    p_.col(column).array() *= momentum_sd_.col(chain).array();
  }
  /// Summed in order: Eigen's order depends on where a column lies, and so on the other chains.
  double kinetic(Index column, Index chain) const {
    double sum = 0;
    for (Index d = 0; d < p_.rows(); ++d)
      sum += inverse_metric_(d, chain) * p_(d, column) * p_(d, column);
    return 0.5 * sum;
  }

  Density& density_;
  double path_length_, jitter_;
  Index max_steps_;
  double first_step_size_;  ///< 0 when it is to be found
  bool adapts_metric_, adapting_ = true;
  Index chains_;
  std::vector<DualAveraging> dual_averaging_;  ///< one per chain
  WarmupWindows windows_;
  RunningVariance variance_;
  std::vector<Path> path_;
  Eigen::VectorXd step_size_;               ///< [chains]
  Eigen::MatrixXd inverse_metric_;          ///< [D x chains] diagonals of M^-1
  Eigen::MatrixXd momentum_sd_, sd_;        ///< [D x chains] roots of those of M, and of M^-1
  Eigen::MatrixXd state_, state_gradient_;  ///< [D x chains] where the chains are
  Eigen::MatrixXd q_, p_, gradient_;        ///< [D x chains] in the order of path_
  Eigen::VectorXd log_p_;                   ///< [chains] in the order of path_
  Eigen::MatrixXd diverged_at_;             ///< [D x chains] where diverging_
  std::vector<bool> diverging_;             ///< [chains] on the latest path
};

}  // namespace

ELBOW_PLUGIN(Hmc, options,
             {.name = "hmc",
              .summary = "Hamiltonian Monte Carlo with jittered path length",
              .source = "Duane et al. 1987; Neal 2011; Hoffman & Gelman 2014 (adaptation)",
              .needs_of_model = Ability::density | Ability::gradient})
