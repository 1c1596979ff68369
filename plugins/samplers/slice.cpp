#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("width", 1.0, "of the first interval, at the start (without adaptation: always)")
              .above(0),
          integer("max_expansions", 100,
                  "most widths that an interval grows to; a smaller number only slows mixing")
              .at_least(1),
          boolean("adapt", true,
                  "whether warm-up learns a width per coordinate: three times the geometric mean "
                  "of the chain's moves")};
}

/// Slice sampling of one coordinate after the other: a level under the density at z, an interval
/// around z that steps out until both ends are below the level, and uniform points of it, which
/// shrink the interval, until one is above. Nothing is ever rejected, and no gradient is needed.
class Slice final : public Sampler {
 public:
  explicit Slice(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        max_expansions_(setup.options.integer("max_expansions")),
        adapts_(setup.options.boolean("adapt")),
        point_(density_.dimension()),
        log_p_(1) {
    log_width_.setConstant(density_.dimension(), setup.chains,
                           std::log(setup.options.real("width")));
  }

  std::vector<TraceField> statistics() const override {
    return {{"n_evaluations", "log densities of one sweep over the coordinates", ""},
            {"n_expansions", "widths by which intervals grew in the sweep", ""},
            {"width", "first interval, geometric mean over the coordinates", ""},
            {"non_finite", "1 where the sweep met an infinite or NaN density", ""}};
  }

  Progress transition(Transition& t) override {
    for (Index c = 0; c < t.z.cols(); ++c) sweep(t, c);
    return Progress::going;
  }

 private:
  void sweep(Transition& t, Index c) {
    RandomStream& stream = t.streams[std::size_t(c)];
    point_ = t.z.col(c);
    evaluations_ = expansions_ = 0;
    non_finite_ = false;
    double log_widths = 0;
    double log_p = t.log_density[c];
    for (Index d = 0; d < point_.size(); ++d) {
      const double before = point_[d];
      log_widths += log_width_(d, c);
      log_p = move(stream, d, std::exp(log_width_(d, c)), log_p);
      if (t.warmup && adapts_) learn(log_width_(d, c), point_[d] - before, t.iteration);
    }
    t.z.col(c) = point_;
    t.log_density[c] = log_p;
    t.statistics(0, c) = double(evaluations_);
    t.statistics(1, c) = double(expansions_);
    t.statistics(2, c) = std::exp(log_widths / double(point_.size()));
    t.statistics(3, c) = non_finite_;
  }

  /// Moves coordinate d of point_. @return the new log density
  double move(RandomStream& stream, Index d, double width, double log_p) {
    const double here = point_[d], level = log_p - stream.exponential();
    double left = here - width * stream.uniform(), right = left + width;
    // The limit is split at random, which keeps the move reversible (Neal 2003, figure 3).
    const Index grow_left = stream.integer(max_expansions_);
    for (Index n = grow_left; n > 0 && at(d, left) > level; --n, ++expansions_) left -= width;
    for (Index n = max_expansions_ - 1 - grow_left; n > 0 && at(d, right) > level;
         --n, ++expansions_)
      right += width;
    for (;;) {
      const double candidate = left + stream.uniform() * (right - left);
      // An interval that has shrunk to the point itself leaves no other choice.
      if (candidate == here) {
        point_[d] = here;
        return log_p;
      }
      const double found = at(d, candidate);
      if (found > level) return found;
      (candidate < here ? left : right) = candidate;
    }
  }

  /// Log density with coordinate d at this place, where it leaves it. Places without a finite
  /// density are below every level.
  double at(Index d, double place) {
    point_[d] = place;
    density_.log_density(point_, log_p_);
    ++evaluations_;
    if (std::isfinite(log_p_[0])) return log_p_[0];
    non_finite_ = true;
    return -infinity;
  }

  static void learn(double& log_width, double jump, Index iteration) {
    if (jump == 0) return;
    log_width +=
        (std::log(3 * std::fabs(jump)) - log_width) * std::pow(double(iteration + 1), -0.6);
  }

  Density& density_;
  Index max_expansions_;
  bool adapts_;
  Eigen::MatrixXd log_width_;  ///< [D x chains]
  Eigen::VectorXd point_;      ///< [D]
  Eigen::VectorXd log_p_;      ///< [1]
  Index evaluations_ = 0, expansions_ = 0;
  bool non_finite_ = false;
};

}  // namespace

ELBOW_PLUGIN(Slice, options,
             {.name = "slice",
              .summary = "Slice sampling of each coordinate, with stepping out and shrinkage",
              .source = "Neal 2003, figures 3 and 5",
              .needs_of_model = Ability::density})
