#include <elbow/elbow.hpp>
#include <elbow/mass_matrix.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = {
      real("step_size", optional,
           "first (without warm-up: only) leapfrog step; absent: found by doubling or halving")
          .above(0),
      real("target_acceptance", 0.8, "mean acceptance that warm-up adapts the step size to")
          .above(0)
          .below(1),
      integer("max_tree_depth", 10, "most doublings; a path has at most 2^depth - 1 steps")
          .at_least(1)
          .at_most(30),
      real("jitter", 0.0, "the step of a transition is uniform on step_size (1 -+ jitter)")
          .at_least(0)
          .below(1)};
  for (Option& option : MassMatrix::options()) all.push_back(std::move(option));
  return all;
}

/// Draws of the longest window of a warm-up, at most 1000.
Index longest_window(const WarmupWindows& windows, Index warmup) {
  Index longest = 0, length = 0;
  for (Index i = 0; i < warmup; ++i) {
    length = windows.gathers(i) ? length + 1 : 0;
    longest = std::max(longest, length);
    if (windows.closes(i)) length = 0;
  }
  return std::min<Index>(longest, 1000);
}

/// When the adaptation `fisher` forgets: its windows may close every 10 draws in the first 30% of a
/// warm-up and every 80 later; the last 15% leave the metric alone (arXiv 2603.18845).
class OverlappingWindows {
 public:
  explicit OverlappingWindows(Index warmup)
      : early_(Index(0.3 * double(warmup))), end_(warmup - Index(0.15 * double(warmup))) {}

  static constexpr Index longest = 3 * 80;  ///< draws

  bool gathers(Index iteration) const { return iteration < end_; }
  bool is_last(Index iteration) const { return iteration + 1 == end_; }
  /// @param count  draws of the window
  bool closes(Index iteration, Index count) const {
    const Index size = iteration < early_ ? 10 : 80;
    return is_last(iteration) || (count >= size && iteration + size < end_);
  }

 private:
  Index early_, end_;
};

/// A place on a path.
struct State {
  explicit State(Index dimension) : q(dimension), gradient(dimension) {}
  Eigen::VectorXd q, gradient;  ///< [D]
  double log_p = 0, energy = 0;
};

/// What the U-turn criterion needs to know of a path's end.
struct End {
  explicit End(Index dimension) : p(dimension), velocity(dimension) {}
  Eigen::VectorXd p, velocity;  ///< [D]
};

/// A run of neighbouring states with one of them chosen in proportion to exp(-energy).
struct Subtree {
  explicit Subtree(Index dimension)
      : first(dimension), last(dimension), momentum_sum(dimension), choice(dimension) {}
  End first, last;               ///< in the order in which they were reached
  Eigen::VectorXd momentum_sum;  ///< [D]
  double log_weight = 0;         ///< log of the sum of exp(start energy - energy)
  State choice;
};

double log_add(double a, double b) {
  return std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
}

/// Whether the path a, b goes on without a U-turn: from end to end, and from each half to the
/// nearest state of the other half (Stan >= 2.21), with rho the sum of momenta.
bool is_straight(const Subtree& a, const Subtree& b) {
  const auto& rho_a = a.momentum_sum;
  const auto& rho_b = b.momentum_sum;
  return a.first.velocity.dot(rho_a + rho_b) > 0 && b.last.velocity.dot(rho_a + rho_b) > 0 &&
         a.first.velocity.dot(rho_a + b.first.p) > 0 &&
         b.first.velocity.dot(rho_a + b.first.p) > 0 && a.last.velocity.dot(rho_b + a.last.p) > 0 &&
         b.last.velocity.dot(rho_b + a.last.p) > 0;
}

/// One chain with all that it adapts. Nothing is allocated after construction.
class Chain {
 public:
  Chain(const SamplerSetup& setup, Index dimension)
      : density_(*setup.model.density()),
        max_tree_depth_(setup.options.integer("max_tree_depth")),
        jitter_(setup.options.real("jitter")),
        first_step_size_(setup.options.has("step_size") ? setup.options.real("step_size") : 0),
        windows_(setup.warmup),
        overlap_(setup.warmup),
        metric_(setup.options, dimension,
                setup.options.text("adaptation") == "fisher"
                    ? std::min(setup.warmup, OverlappingWindows::longest)
                    : longest_window(windows_, setup.warmup)),
        dual_averaging_(setup.options.real("target_acceptance")),
        here_(dimension),
        tree_(dimension),
        edges_{Edge(dimension), Edge(dimension)},
        velocity_(dimension),
        log_p_(1) {
    diverged_at_.resize(dimension);
    stack_.assign(std::size_t(max_tree_depth_ + 1), Subtree(dimension));
    here_.q.setConstant(not_a_number);
  }

  void transition(Transition& t, Index c) {
    const bool first = std::isnan(here_.q[0]);
    if ((here_.q.array() != t.z.col(c).array()).any()) {
      here_.q = t.z.col(c);
      here_.log_p = evaluate(here_.q, here_.gradient);
    }
    if (first && t.warmup) metric_.guess(here_.gradient);
    if (first) start_step_size(t.streams[std::size_t(c)], first_step_size_);
    if (!t.warmup && adapting_) {
      adapting_ = false;
      if (t.iteration > 0) step_size_ = dual_averaging_.averaged_step_size();
    }
    auto statistics = t.statistics.col(c);
    move(t.streams[std::size_t(c)], most_doublings(t), statistics);
    t.z.col(c) = here_.q;
    t.log_density[c] = here_.log_p;
    if (t.warmup) adapt(t, c, statistics[0]);
  }

  /// Where the latest path diverged, or nothing.
  std::span<const double> divergence() const {
    return {diverged_at_.data(), diverging_ ? std::size_t(diverged_at_.size()) : 0};
  }

 private:
  /// One of the two places from which the path can grow.
  struct Edge {
    explicit Edge(Index dimension) : q(dimension), p(dimension), gradient(dimension) {}
    Eigen::VectorXd q, p, gradient;  ///< [D]
  };

  double evaluate(const Eigen::VectorXd& q, Eigen::VectorXd& gradient) {
    density_.log_density_gradient(q, log_p_, gradient);
    return log_p_[0];
  }

  /// Draws and their gradients tell of the scales wherever they are: while the metric follows them,
  /// two paths of three are cut short, and the warm-up costs half.
  Index most_doublings(const Transition& t) const {
    const bool cut =
        t.warmup && metric_.fisher() && overlap_.gathers(t.iteration) && t.iteration % 3 != 2;
    return cut ? std::min<Index>(max_tree_depth_, 2) : max_tree_depth_;
  }

  template <class Statistics>
  void move(RandomStream& stream, Index most, Statistics&& statistics) {
    const double start_energy = launch(stream);
    const double step = step_size_ * (jitter_ > 0 ? 1 + jitter_ * (2 * stream.uniform() - 1) : 1);
    steps_ = 0;
    acceptance_sum_ = 0;
    diverging_ = non_finite_ = false;
    Index depth = 0;
    for (bool straight = true; straight && depth < most;) {
      const bool forward = stream.uniform() < 0.5;
      if (forward != forward_) std::swap(tree_.first, tree_.last);
      forward_ = forward;
      if (!grow(stream, edges_[forward], forward ? step : -step, depth, start_energy)) break;
      ++depth;
      Subtree& grown = stack_[0];
      // The new half is preferred (biased progressive sampling, Betancourt 2017, A.3.2).
      if (stream.uniform() < std::exp(grown.log_weight - tree_.log_weight))
        std::swap(tree_.choice, grown.choice);
      straight = join(tree_, grown);
    }
    std::swap(here_, tree_.choice);
    statistics[0] = acceptance_sum_ / double(steps_);
    statistics[1] = step;
    statistics[2] = double(depth);
    statistics[3] = double(steps_);
    statistics[4] = diverging_;
    statistics[5] = here_.energy;
    statistics[6] = non_finite_;
  }

  /// Makes the tree of the present state alone, with a new momentum. @return its energy
  double launch(RandomStream& stream) {
    End& end = tree_.first;
    metric_.draw_momentum(stream, end.p);
    metric_.velocity(end.p, end.velocity);
    here_.energy = 0.5 * end.p.dot(end.velocity) - here_.log_p;
    tree_.last = end;
    tree_.momentum_sum = end.p;
    tree_.log_weight = 0;
    tree_.choice = here_;
    for (Edge& edge : edges_) {
      edge.q = here_.q;
      edge.p = end.p;
      edge.gradient = here_.gradient;
    }
    forward_ = true;
    return here_.energy;
  }

  /// Grows a subtree of 2^depth states into stack_[0]. The stack holds complete subtrees, the
  /// larger below; two of one size become one, as the digits of a binary counter do.
  /// @return false where it diverges or turns, so that nothing of it may be used
  bool grow(RandomStream& stream, Edge& edge, double step, Index depth, double start_energy) {
    std::size_t top = 0;
    for (Index n = 1; n <= Index(1) << depth; ++n) {
      if (!add_state(edge, step, start_energy, stack_[top++])) return false;
      for (Index digits = n; digits % 2 == 0; digits /= 2) {
        Subtree& upper = stack_[--top];
        Subtree& lower = stack_[top - 1];
        const double total = log_add(lower.log_weight, upper.log_weight);
        if (stream.uniform() < std::exp(upper.log_weight - total))
          std::swap(lower.choice, upper.choice);
        if (!join(lower, upper)) return false;
      }
    }
    return true;
  }

  /// Appends b to a, but for the choice of a state. @return whether the path is straight
  bool join(Subtree& a, Subtree& b) {
    const bool straight = is_straight(a, b);
    a.momentum_sum += b.momentum_sum;
    a.log_weight = log_add(a.log_weight, b.log_weight);
    std::swap(a.last, b.last);
    return straight;
  }

  /// One leapfrog step, whose end becomes a subtree. @return false where it diverges
  bool add_state(Edge& edge, double step, double start_energy, Subtree& leaf) {
    leaf.choice.log_p = leapfrog(edge, step);
    leaf.first.p = leaf.last.p = leaf.momentum_sum = edge.p;
    metric_.velocity(edge.p, leaf.first.velocity);
    leaf.last.velocity = leaf.first.velocity;
    leaf.choice.q = edge.q;
    leaf.choice.gradient = edge.gradient;
    leaf.choice.energy = 0.5 * edge.p.dot(leaf.first.velocity) - leaf.choice.log_p;
    const double error = leaf.choice.energy - start_energy;
    leaf.log_weight = -error;
    ++steps_;
    non_finite_ = !std::isfinite(error);
    diverging_ = non_finite_ || error > 1000;
    if (!non_finite_) acceptance_sum_ += std::fmin(1, std::exp(-error));
    if (diverging_) diverged_at_ = edge.q;
    return !diverging_;
  }

  /// @return log density at the new place
  double leapfrog(Edge& edge, double step) {
    edge.p += 0.5 * step * edge.gradient;
    metric_.velocity(edge.p, velocity_);
    edge.q += step * velocity_;
    const double log_p = evaluate(edge.q, edge.gradient);
    edge.p += 0.5 * step * edge.gradient;
    return log_p;
  }

  void adapt(Transition& t, Index c, double acceptance) {
    dual_averaging_.update(acceptance);
    step_size_ = dual_averaging_.step_size();
    if (!metric_.adapts()) return;
    const RandomStream& stream = t.streams[std::size_t(c)];
    if (metric_.fisher() && overlap_.gathers(t.iteration))
      follow(stream, t.iteration);
    else if (!metric_.fisher())
      adapt_in_windows(stream, t.iteration);
  }

  void adapt_in_windows(const RandomStream& stream, Index iteration) {
    if (windows_.gathers(iteration)) metric_.add(here_.q, here_.gradient);
    if (!windows_.closes(iteration)) return;
    metric_.use_window();
    metric_.clear();
    start_step_size(stream, 0);
  }

  /// Draws with gradients give a metric from few of them: it follows the chain from the first
  /// transitions on, always from between one and two windows.
  void follow(const RandomStream& stream, Index iteration) {
    metric_.add(here_.q, here_.gradient);
    const bool closes = overlap_.closes(iteration, metric_.count());
    if (closes || (metric_.diagonal() && has_metric_)) metric_.use_window();
    if (!closes) return;
    metric_.next_window();
    // A metric that changes all the time is followed by dual averaging itself.
    if (!has_metric_ || !metric_.diagonal())
      start_step_size(stream, 0);
    else if (overlap_.is_last(iteration))
      dual_averaging_.restart(step_size_);
    has_metric_ = true;
  }

  /// Uses the step given; or, for 0, doubles or halves the present one until the acceptance of one
  /// step, each with a new momentum, crosses 0.8 (as Stan; Hoffman & Gelman 2014, algorithm 4, with
  /// 0.5).
  void start_step_size(const RandomStream& stream, double given) {
    constexpr double smallest = 1e-30, largest = 1e7;
    if (given > 0) step_size_ = given;
    if (given == 0) {
      const auto accepts = [&](std::uint64_t attempt) {
        return one_step_error(stream.substream(attempt)) < -std::log(0.8);
      };
      const bool grows = accepts(0);
      for (std::uint64_t attempt = 1; accepts(attempt) == grows; ++attempt) {
        step_size_ *= grows ? 2 : 0.5;
        if (step_size_ > largest)
          throw Error(
              "a leapfrog step of 1e7 still keeps the energy: the target is flat as far as it "
              "goes, and so has no finite integral");
        if (step_size_ < smallest)
          throw Error(
              "no leapfrog step down to 1e-30 keeps the energy: the gradient is wrong, or the "
              "chain stands at an edge of the density or where that grows without bound");
      }
    }
    dual_averaging_.restart(step_size_);
  }

  /// Energy error of one leapfrog step; infinite where it is not a number.
  double one_step_error(RandomStream stream) {
    const double start = launch(stream);
    Edge& edge = edges_[1];
    const double log_p = leapfrog(edge, step_size_);
    metric_.velocity(edge.p, velocity_);
    const double error = 0.5 * edge.p.dot(velocity_) - log_p - start;
    return std::isfinite(error) ? error : infinity;
  }

  Density& density_;
  Index max_tree_depth_;
  double jitter_;
  double first_step_size_;      ///< 0 when it is to be found
  WarmupWindows windows_;       ///< of the adaptation `variance`
  OverlappingWindows overlap_;  ///< of `fisher`
  MassMatrix metric_;
  DualAveraging dual_averaging_;
  bool adapting_ = true, has_metric_ = false;
  double step_size_ = 1;

  State here_;
  Subtree tree_;                ///< the whole path; its `last` is the end that grew last
  bool forward_ = true;         ///< whether that end lies forward in time
  Edge edges_[2];               ///< backward and forward in time
  std::vector<Subtree> stack_;  ///< the subtree that grows
  Index steps_ = 0;
  double acceptance_sum_ = 0;
  bool diverging_ = false, non_finite_ = false;
  Eigen::VectorXd diverged_at_;  ///< [D]  the place, where diverging_
  Eigen::VectorXd velocity_;     ///< [D]
  Eigen::VectorXd log_p_;        ///< [1]
};

/// The No-U-Turn Sampler with multinomial choice among the states of a path. Every chain has its
/// own working space and evaluates one column at a time, so that its draws are the same bits in
/// any grouping, for every model.
class Nuts final : public Sampler {
 public:
  explicit Nuts(const SamplerSetup& setup)
      : chains_(std::size_t(setup.chains), Chain(setup, setup.model.density()->dimension())) {}

  std::vector<TraceField> statistics() const override {
    return {
        {"acceptance_rate", "mean acceptance probability over the states of the path", ""},
        {"step_size", "leapfrog step used", ""},
        {"tree_depth", "doublings of the path that were kept", ""},
        {"n_steps", "leapfrog steps, and so gradients, of the path", ""},
        {"diverging", "1 where a step had an energy error above 1000 or none that is finite", ""},
        {"energy", "Hamiltonian of the kept state", ""},
        {"non_finite", "1 where the path ended in an infinite or NaN density", ""}};
  }

  Progress transition(Transition& t) override {
    for (std::size_t c = 0; c < chains_.size(); ++c) chains_[c].transition(t, Index(c));
    return Progress::going;
  }

  std::span<const double> divergence(Index chain) const override {
    return chains_[std::size_t(chain)].divergence();
  }

 private:
  std::vector<Chain> chains_;
};

}  // namespace

ELBOW_PLUGIN(
    Nuts, options,
    {.name = "nuts",
     .summary = "No-U-Turn Sampler: Hamiltonian paths that end where they turn back",
     .source = "Hoffman & Gelman 2014; Betancourt 2017; arXiv 2603.18845 (fisher, low_rank)",
     .needs_of_model = Ability::density | Ability::gradient})
