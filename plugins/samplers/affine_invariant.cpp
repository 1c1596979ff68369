#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {choice("move", {"stretch", "differential_evolution", "mixed"},
                 "towards or away from a partner; along the difference of two partners; each half "
                 "of the time"),
          integer("walkers", optional,
                  "of each chain's ensemble, above D and at least 4; absent: 2 D, at least 8")
              .at_least(4),
          real("stretch", 2.0, "a: the stretch move goes to 1/a ... a times the partner's distance")
              .above(1),
          real("jump", optional,
               "gamma: differential evolution goes this multiple of the difference of two "
               "partners; absent: 2.38 / sqrt(2 D), and 1 in every tenth move")
              .above(0),
          real("spread", 1.0,
               "walkers begin at normal distances of this sd from the chain's start; halved for a "
               "walker as long as its density is not finite")
              .above(0)};
}

/// How often a walker's place is drawn anew where the density is not finite.
constexpr int place_tries = 60;

/// One ensemble of walkers. In a transition each half moves once, with partners of the other half,
/// which stays.
class Ensemble {
 public:
  Ensemble(const SamplerSetup& setup, Index walkers)
      : density_(*setup.model.density()),
        move_(setup.options.text("move")),
        stretch_(setup.options.real("stretch")),
        jump_(2.38 / std::sqrt(2.0 * double(density_.dimension()))),
        jumps_between_modes_(!setup.options.has("jump")),
        spread_(setup.options.real("spread")),
        half_((walkers + 1) / 2) {
    if (setup.options.has("jump")) jump_ = setup.options.real("jump");
    const Index dimension = density_.dimension();
    z_.resize(dimension, walkers);
    z_.col(0).setConstant(not_a_number);
    log_density_.resize(walkers);
    proposal_.resize(dimension, half_);
    log_p_.resize(half_);
    log_factor_.resize(half_);
    one_.resize(1);
  }

  const Eigen::MatrixXd& z() const { return z_; }
  const Eigen::VectorXd& log_density() const { return log_density_; }

  /// @param[in,out] z  of the chain, the first walker   @param[out] statistics  as
  /// Sampler::statistics names them
  void transition(RandomStream& stream, VectorOut z, double& log_density, VectorOut statistics) {
    if ((z_.col(0).array() != z.array()).any()) scatter(stream, z, log_density);
    const Index walkers = z_.cols();
    accepted_ = acceptance_ = non_finite_ = 0;
    move_half(stream, 0, half_, half_, walkers - half_);
    move_half(stream, half_, walkers - half_, 0, half_);
    z = z_.col(0);
    log_density = log_density_[0];
    statistics << acceptance_ / double(walkers), accepted_ / double(walkers), non_finite_;
  }

 private:
  /// The first walker is where the chain is, the others are around it.
  void scatter(RandomStream& stream, Vector start, double log_density) {
    z_.col(0) = start;
    log_density_[0] = log_density;
    for (Index w = 1; w < z_.cols(); ++w) {
      double spread = spread_;
      for (int attempt = 0;; ++attempt) {
        for (Index d = 0; d < start.size(); ++d) z_(d, w) = start[d] + spread * stream.normal();
        density_.log_density(z_.col(w), one_);
        if (std::isfinite(one_[0])) break;
        if (attempt == place_tries)
          throw Error("no place of finite density for walker " + std::to_string(w) + " in " +
                      std::to_string(place_tries) + " tries, within distances from " +
                      std::to_string(spread_) + " of the start down to next to nothing");
        spread *= 0.5;
      }
      log_density_[w] = one_[0];
    }
  }

  void move_half(RandomStream& stream, Index first, Index count, Index first_partner,
                 Index partners) {
    for (Index k = 0; k < count; ++k) {
      const bool stretches = move_ == "stretch" || (move_ == "mixed" && stream.uniform() < 0.5);
      log_factor_[k] = stretches ? propose_stretch(stream, first + k, k, first_partner, partners)
                                 : propose_jump(stream, first + k, k, first_partner, partners);
    }
    density_.log_density(proposal_.leftCols(count), log_p_.head(count));
    for (Index k = 0; k < count; ++k) accept(stream, first + k, k);
  }

  /// z' = y + s (z - y) for a partner y, with s of the density 1 / sqrt(s) on 1/a ... a.
  /// @return (D - 1) log s (Goodman & Weare 2010, eq. 7)
  double propose_stretch(RandomStream& stream, Index walker, Index k, Index first_partner,
                         Index partners) {
    const auto partner = z_.col(first_partner + stream.integer(partners));
    const double root = 1 + (stretch_ - 1) * stream.uniform();
    const double s = root * root / stretch_;
    proposal_.col(k) = partner + s * (z_.col(walker) - partner);
    return double(z_.rows() - 1) * std::log(s);
  }

  /// z' = z + gamma (y1 - y2) (1 + e), with e ~ N(0, 1e-5^2) so that no lattice is left out (ter
  /// Braak 2006, eq. 2; Nelson et al. 2014). Symmetric. @return 0
  double propose_jump(RandomStream& stream, Index walker, Index k, Index first_partner,
                      Index partners) {
    const Index one = stream.integer(partners);
    const Index other = (one + 1 + stream.integer(partners - 1)) % partners;
    const bool far = jumps_between_modes_ && stream.uniform() < 0.1;
    const double gamma = (far ? 1 : jump_) * (1 + 1e-5 * stream.normal());
    proposal_.col(k) =
        z_.col(walker) + gamma * (z_.col(first_partner + one) - z_.col(first_partner + other));
    return 0;
  }

  void accept(RandomStream& stream, Index walker, Index k) {
    const bool finite = std::isfinite(log_p_[k]);
    const double log_ratio = log_factor_[k] + log_p_[k] - log_density_[walker];
    const double probability = finite ? std::fmin(1, std::exp(log_ratio)) : 0;
    const bool accepted = stream.uniform() < probability;
    if (accepted) {
      z_.col(walker) = proposal_.col(k);
      log_density_[walker] = log_p_[k];
    }
    acceptance_ += probability;
    accepted_ += accepted;
    non_finite_ += !finite;
  }

  Density& density_;
  std::string move_;
  double stretch_, jump_;
  bool jumps_between_modes_;
  double spread_;
  Index half_;                          ///< walkers that move first
  Eigen::MatrixXd z_;                   ///< [D x walkers]
  Eigen::VectorXd log_density_;         ///< [walkers]
  Eigen::MatrixXd proposal_;            ///< [D x half]
  Eigen::VectorXd log_p_, log_factor_;  ///< [half]
  Eigen::VectorXd one_;                 ///< [1]
  double accepted_ = 0, acceptance_ = 0, non_finite_ = 0;
};

/// Every chain is an ensemble of its own, independent of the others, and all of its walkers are
/// draws. Nothing adapts; warm-up lets the ensembles spread over the target.
class AffineInvariant final : public Sampler {
 public:
  explicit AffineInvariant(const SamplerSetup& setup) {
    const Index dimension = setup.model.density()->dimension();
    const Index walkers = setup.options.has("walkers") ? setup.options.integer("walkers")
                                                       : std::max<Index>(8, 2 * dimension);
    // Walkers of one half must span the space for the other half to move anywhere in it.
    if (walkers <= dimension)
      throw OptionError("walkers must be above the dimension " + std::to_string(dimension) +
                        " to reach every place, got " + std::to_string(walkers));
    for (Index c = 0; c < setup.chains; ++c) ensembles_.emplace_back(setup, walkers);
  }

  std::vector<TraceField> statistics() const override {
    return {{"acceptance_rate", "acceptance probability, mean over the walkers", ""},
            {"accepted", "fraction of the walkers that moved", ""},
            {"non_finite", "walkers whose proposal's density was infinite or NaN", ""}};
  }

  Progress transition(Transition& t) override {
    for (std::size_t c = 0; c < ensembles_.size(); ++c)
      ensembles_[c].transition(t.streams[c], t.z.col(Index(c)), t.log_density[Index(c)],
                               t.statistics.col(Index(c)));
    return Progress::going;
  }

  Index walkers() const override { return ensembles_.front().z().cols(); }
  void ensemble(Index chain, DrawsOut z, VectorOut log_density) const override {
    z = ensembles_[std::size_t(chain)].z();
    log_density = ensembles_[std::size_t(chain)].log_density();
  }

 private:
  std::vector<Ensemble> ensembles_;
};

}  // namespace

ELBOW_PLUGIN(AffineInvariant, options,
             {.name = "affine_invariant",
              .summary = "Ensembles of walkers with stretch and differential-evolution moves",
              .source = "Goodman & Weare 2010; ter Braak 2006; Foreman-Mackey et al. 2013, "
                        "algorithm 3",
              .needs_of_model = Ability::density})
