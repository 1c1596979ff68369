#pragma once

#include <elbow/sampler.hpp>

namespace elbow {

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
    double scale;            ///< of `factor`, or the leapfrog step in units of `sd`
    Eigen::VectorXd sd;      ///< [D] of the particles
    Eigen::MatrixXd factor;  ///< [D x D] lower Cholesky factor of their covariance
  };

  /// `initial_sd` (s), `kernel` = random_walk | hmc, `moves` per temperature and `leapfrog_steps`,
  /// for a plugin's option table.
  static std::vector<Option> options();

  explicit AnnealedPath(const SamplerSetup& setup);

  /// Independent draws of the base.
  /// @param[out] z              [D x particles]
  /// @param[out] log_density  [particles]  of the target
  void draw_base(std::span<RandomStream> streams, DrawsOut z, VectorOut log_density);

  /// log p - log q of every particle, -inf where p has no finite density. [particles]
  const Eigen::VectorXd& log_ratio() const { return log_ratio_; }

  /// Particle i becomes the former particle ancestors[i]; z and its density are the caller's.
  void reorder(const std::vector<Index>& ancestors);

  /// The proposal's shape becomes the covariance of the weighted particles. A covariance that is
  /// not positive definite leaves the shape as it is. @param weights  [particles]  add up to 1
  void learn_shape(Draws z, Vector weights);

  /// `moves` Metropolis moves of every particle at b > 0. @param adapts  whether the scale follows
  /// the mean acceptance of each towards the kernel's best
  /// @param[in,out] z            [D x particles]
  /// @param[in,out] log_density  [particles]
  void move(double b, bool adapts, std::span<RandomStream> streams, DrawsOut z,
            VectorOut log_density);

  const Eigen::VectorXd& acceptance() const { return acceptance_; }  ///< [particles] last move()
  const Eigen::VectorXd& non_finite() const { return non_finite_; }  ///< [particles] last move()

  const Proposal& proposal() const { return proposal_; }
  void use(const Proposal& proposal) { proposal_ = proposal; }

 private:
  void propose_walk(std::span<RandomStream> streams, Draws z);
  void propose_path(double b, std::span<RandomStream> streams, Draws z);
  void accept(double b, std::span<RandomStream> streams, DrawsOut z, VectorOut log_density);
  void evaluate_base(Draws z, VectorOut log_q);
  /// Log densities of p and q at z, and the gradient of pi_b where there is a density.
  void evaluate_gradient(double b, Draws z, VectorOut log_p, VectorOut log_q, DrawsOut gradient);

  Density& density_;
  Family* fitted_;
  double initial_sd_;
  bool hmc_;
  Index moves_, steps_;
  double target_;  ///< mean acceptance
  Proposal proposal_;
  Eigen::VectorXd log_q_, log_ratio_;                                     ///< [particles]
  Eigen::VectorXd acceptance_, non_finite_;                               ///< [particles]
  Eigen::MatrixXd proposed_, momentum_;                                   ///< [D x particles]
  Eigen::VectorXd proposed_log_p_, proposed_log_q_, log_proposal_ratio_;  ///< [particles]
  Eigen::MatrixXd gradient_, proposed_gradient_, base_gradient_;  ///< [D x particles], hmc only
  Eigen::VectorXd ones_, step_;                                   ///< [particles]
  Eigen::VectorXd mean_, gap_;                                    ///< [D]
  Eigen::MatrixXd covariance_;                                    ///< [D x D] lower triangle
  Eigen::MatrixXd noise_;                                         ///< [R x 1] of the fit
};

}  // namespace elbow
