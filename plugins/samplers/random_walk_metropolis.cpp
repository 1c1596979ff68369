#include <Eigen/Cholesky>
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
        start_scale_(2.38 / std::sqrt(double(density_.dimension()))),
        target_(density_.dimension() == 1 ? 0.44 : 0.234) {
    if (setup.options.has("target_acceptance")) target_ = setup.options.real("target_acceptance");
    const double scale = setup.options.has("scale") ? setup.options.real("scale") : start_scale_;
    const Index dimension = density_.dimension();
    walks_.assign(setup.chains, Walk(dimension, adapt_ == "covariance"));
    for (Walk& walk : walks_) walk.log_scale = std::log(scale);
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
      proposal_.col(c) = t.z.col(c) + std::exp(walks_[c].log_scale) * noise_;
    }
    density_.log_density(proposal_, log_p_);
    for (std::size_t c = 0; c < walks_.size(); ++c) accept(t, Index(c));
    if (t.warmup && adapt_ != "none")
      for (std::size_t c = 0; c < walks_.size(); ++c) adapt(t, Index(c));
    return Progress::going;
  }

 private:
  /// One chain's proposal, and the moments of its draws in the current window (Welford 1962).
  struct Walk {
    Walk(Index dimension, bool full)
        : sd(Eigen::VectorXd::Ones(dimension)),
          mean(Eigen::VectorXd::Zero(dimension)),
          squares(Eigen::VectorXd::Zero(dimension)),
          gap(dimension) {
      if (!full) return;
      products = factor = Eigen::MatrixXd::Zero(dimension, dimension);
      factor.diagonal().setOnes();
      cholesky = Eigen::LLT<Eigen::MatrixXd>(dimension);
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
      ++count;
      gap = z - mean;
      mean += gap / double(count);
      const double weight = 1 - 1 / double(count);
      squares += weight * gap.cwiseAbs2();
      if (products.size() > 0) products.selfadjointView<Eigen::Lower>().rankUpdate(gap, weight);
    }

    /// The moments become the proposal's. A chain that has not moved keeps its old one.
    void close_window() {
      const double n = double(count), dimension = double(sd.size());
      if (squares.minCoeff() > 0) {
        sd = (squares / (n - 1)).cwiseSqrt();
        if (factor.size() > 0) {
          // Shrunk towards the diagonal, as a window may have fewer draws than dimensions.
          factor = products * (n / ((n - 1) * (n + dimension)));
          factor.diagonal() = sd.cwiseAbs2();
          cholesky.compute(factor);
          if (cholesky.info() == Eigen::Success) factor = cholesky.matrixLLT();
        }
      }
      count = 0;
      mean.setZero();
      squares.setZero();
      products.setZero();
    }

    double log_scale = 0;
    Index steps = 0;  ///< of the adaptation of log_scale
    Index count = 0;
    Eigen::VectorXd sd;                  ///< [D]
    Eigen::MatrixXd factor;              ///< [D x D] lower triangle, or empty: diag(sd)
    Eigen::VectorXd mean, squares, gap;  ///< [D]
    Eigen::MatrixXd products;            ///< [D x D] lower triangle, or empty
    Eigen::LLT<Eigen::MatrixXd> cholesky;
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
    statistics[2] = std::exp(walks_[c].log_scale);
    statistics[3] = !finite;
  }

  /// Robbins & Monro's recursion for the scale (Andrieu & Thoms 2008, eq. 19), begun anew with
  /// every new shape.
  void adapt(Transition& t, Index c) {
    Walk& walk = walks_[c];
    const double gain = std::pow(double(++walk.steps), -0.6);
    walk.log_scale += gain * (t.statistics(0, c) - target_);
    if (adapt_ == "scale") return;
    if (windows_.gathers(t.iteration)) walk.add(t.z.col(c));
    if (!windows_.closes(t.iteration)) return;
    walk.close_window();
    walk.log_scale = std::log(start_scale_);
    walk.steps = 0;
  }

  Density& density_;
  std::string adapt_;
  WarmupWindows windows_;
  double start_scale_, target_;
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
