#pragma once

#include <elbow/annealing.hpp>
#include <functional>

namespace elbow {

/// Hamiltonian paths of a block of particles, each of which chooses its own step size: scale,
/// scale / 2, scale / 4, ..., the first at which the energy stays within 2 nats along the path. A
/// path whose way back would choose another is rejected, so that the target is left as it is,
/// although the step size varies over the space as a funnel's neck asks for.
/// Source: Biron-Lattes et al. 2024; Bou-Rabee, Carpenter & Marsden 2024.
class SelfTunedPaths {
 public:
  /// log p, log q and the gradient of the target (1 - b) log q + b log p at places z.
  using Evaluate =
      std::function<void(Draws z, VectorOut log_p, VectorOut log_q, DrawsOut gradient)>;

  SelfTunedPaths(Index dimension, Index particles);

  /// One path of every particle.
  /// @param steps     leapfrog steps of the longest step size
  /// @param log_p     [particles]  here, not finite where there is no density: nothing is proposed
  /// @param gradient  [D x particles]  here
  void propose(double b, const AnnealedPath::Proposal& proposal, Index steps,
               const Evaluate& evaluate, std::span<RandomStream> streams, Draws z, Vector log_p,
               Vector log_q, Draws gradient);

  // Of the last proposals, by particle.
  const Eigen::MatrixXd& z() const { return end_z_; }
  const Eigen::MatrixXd& gradient() const { return end_gradient_; }
  const Eigen::VectorXd& log_p() const { return end_log_p_; }
  const Eigen::VectorXd& log_q() const { return end_log_q_; }
  /// Log probability of acceptance, before its minimum with 0; -inf where nothing is proposed.
  const Eigen::VectorXd& log_acceptance() const { return log_acceptance_; }
  /// Acceptance probability of the longest step size, whether or not it was chosen.
  const Eigen::VectorXd& first_acceptance() const { return first_acceptance_; }

 private:
  void go(double b, const AnnealedPath::Proposal& proposal, Index steps, const Evaluate& evaluate,
          Draws z, Draws gradient);
  void go_back(double b, const AnnealedPath::Proposal& proposal, Index steps,
               const Evaluate& evaluate);
  void follow(double b, const AnnealedPath::Proposal& proposal, Index steps, int level,
              const Evaluate& evaluate);

  std::vector<int> level_;                               ///< [particles] chosen
  std::vector<Index> pending_;                           ///< particles of the paths in work
  Eigen::VectorXd energy_, jitter_;                      ///< [particles]
  Eigen::MatrixXd momentum_;                             ///< [D x particles]
  Eigen::MatrixXd end_z_, end_momentum_, end_gradient_;  ///< [D x particles]
  Eigen::VectorXd end_log_p_, end_log_q_;                ///< [particles]
  Eigen::VectorXd log_acceptance_, first_acceptance_;    ///< [particles]
  Eigen::MatrixXd work_z_, work_momentum_,
      work_gradient_;                                    ///< [D x particles] of the paths in work
  Eigen::MatrixXd scaled_;                               ///< [D x particles]
  Eigen::VectorXd work_log_p_, work_log_q_, work_step_;  ///< [particles]
  Eigen::VectorXd work_energy_, work_start_, lowest_, highest_;  ///< [particles]
};

}  // namespace elbow
