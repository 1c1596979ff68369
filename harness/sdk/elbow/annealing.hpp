#pragma once

#include <elbow/sampler.hpp>
#include <memory>

namespace elbow {

class SelfTunedPaths;

/// The geometric path from a base q to a target p,
///
///     log pi_b(z) = (1 - b) log q(z) + b log p(z),   0 <= b <= 1,
///
/// for a block of particles, and Metropolis moves that leave pi_b as it is. The base is the fit
/// that the sampler follows, or N(0, s^2 I). Particles without a finite log p have no density at
/// any b > 0. Source: Neal 2001; Del Moral, Doucet & Jasra 2006. Thread-safe: no.
class AnnealedPath {
 public:
  /// What the moves propose: it is learnt from particles, and may be stored and used again.
  struct Proposal {
    double scale;            ///< of the random walk, or the longest leapfrog step; in units of `sd`
    Eigen::VectorXd sd;      ///< [D] of the particles
    Eigen::MatrixXd factor;  ///< [D x D] lower Cholesky factor of their covariance, or empty
    Index moves;             ///< that the last temperature took

    /// steps := factor steps, or diag(sd) steps. @param[in,out] steps  [D x n]
    void shape(DrawsOut steps) const;
    void shape_transposed(DrawsOut steps) const;
  };

  /// `initial_sd` (s), `kernel`, `moves`, `decorrelation` and `leapfrog_steps`, for a plugin's
  /// option table.
  static std::vector<Option> options();

  explicit AnnealedPath(const SamplerSetup& setup);
  ~AnnealedPath();

  /// Independent draws of the base.
  /// @param[out] z              [D x particles]
  /// @param[out] log_density  [particles]  of the target
  void draw_base(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density);

  /// log p - log q of every particle, -inf where p has no finite density. [particles]
  const Eigen::VectorXd& log_ratio() const { return log_ratio_; }

  /// The longest step from temperature b towards the target that leaves the fraction `kept` of the
  /// effective sample size: of the step's weights alone (`conditional`), or of the accumulated
  /// ones relative to what it is without the step. A step of any size removes the particles without
  /// density. A conditional step of twice the length must keep the fourth power of it, as it would
  /// if the log ratio were normal: heavy tails ask for shorter steps.
  /// @param weights  [particles]  add up to 1
  /// Source: Zhou, Johansen & Aston 2016, section 3.3; Del Moral, Doucet & Jasra 2012.
  double next_step(double b, Vector weights, double kept, bool conditional) const;

  /// Particle i becomes the former particle ancestors[i].
  void resample(const std::vector<Index>& ancestors, DrawsOut z, VectorOut log_density);

  /// The proposal's shape becomes the covariance of the weighted particles, or where there are too
  /// few of them their variances. @param weights  [particles]  add up to 1
  void learn_shape(Draws z, Vector weights);

  /// Metropolis moves of every particle at b > 0, until the particles have forgotten where they
  /// were; the proposal's scale follows their acceptance.
  /// @param[in,out] z            [D x particles]
  /// @param[in,out] log_density  [particles]
  void move(double b, std::span<RandomStream> streams, DrawsOut z, VectorOut log_density);
  /// `count` moves with the proposal as it is: every particle moves for itself.
  void move(double b, Index count, std::span<RandomStream> streams, DrawsOut z,
            VectorOut log_density);

  const Eigen::VectorXd& acceptance() const { return acceptance_; }  ///< [particles] last move()
  const Eigen::VectorXd& non_finite() const { return non_finite_; }  ///< [particles] last move()

  const Proposal& proposal() const { return proposal_; }
  void use(const Proposal& proposal) { proposal_ = proposal; }

 private:
  double kept(double step, Vector weights, bool conditional) const;
  void begin_moves(double b, Draws z);
  void move_once(double b, Index count, std::span<RandomStream> streams, DrawsOut z,
                 VectorOut log_density);
  void propose_walk(double b, std::span<RandomStream> streams, Draws z, Vector log_density);
  double remembered(Draws z) const;
  void evaluate_base(Draws z, VectorOut log_q);
  void evaluate_gradient(double b, Draws z, VectorOut log_p, VectorOut log_q, DrawsOut gradient);

  Density& density_;
  Family* fitted_;
  double initial_sd_, decorrelation_;
  bool hmc_;
  Index moves_, steps_;
  double target_;  ///< mean acceptance
  Proposal proposal_;
  Eigen::VectorXd log_q_, log_ratio_;                       ///< [particles]
  Eigen::VectorXd acceptance_, non_finite_, origin_ratio_;  ///< [particles]
  Eigen::MatrixXd origin_, proposed_, steps_made_;          ///< [D x particles]
  Eigen::VectorXd proposed_log_p_, proposed_log_q_;         ///< [particles]
  Eigen::VectorXd log_acceptance_, first_acceptance_;       ///< [particles] of the last proposals
  Eigen::MatrixXd gradient_;                                ///< [D x particles], hmc only
  std::unique_ptr<SelfTunedPaths> paths_;                   ///< hmc only
  Eigen::VectorXd ones_;                                    ///< [particles]
  Eigen::VectorXd mean_, gap_;                              ///< [D]
  Eigen::MatrixXd covariance_;                              ///< [D x D] lower triangle
  Eigen::MatrixXd base_gradient_;                           ///< [D x particles], hmc only
  Eigen::MatrixXd noise_;                                   ///< [R x 1] of the fit
};

}  // namespace elbow
