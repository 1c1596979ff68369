#pragma once

#include <elbow/sampler.hpp>
#include <elbow/warmup.hpp>
#include <string>
#include <vector>

namespace elbow {

/// Metropolis-Hastings with a proposal that uses the gradient and is scaled by h diag(sd). All
/// chains of the block move together, so that the model works on blocks; in warm-up each adapts h
/// towards its acceptance, and sd to the variances of its own draws. A plugin says what to propose.
class GradientMetropolis : public Sampler {
 public:
  std::vector<TraceField> statistics() const final;
  Progress transition(Transition& transition) final;

 protected:
  /// `step_size`, `target_acceptance` and `metric`, for a plugin's option table. The step size that
  /// fits a standard normal is `constant` D^(-1/6).
  static std::vector<Option> options(double target_acceptance, const std::string& constant);
  GradientMetropolis(const SamplerSetup& setup, double constant);

  /// One chain's place and what its proposal is scaled by.
  struct Place {
    Index chain;
    double step_size;        ///< h
    Vector sd, z, gradient;  ///< [D]
  };
  /// @param[out] proposal  [D]
  virtual void propose(RandomStream& stream, const Place& here, VectorOut proposal) = 0;
  /// log of q(z | z') / q(z' | z) for the chain's last proposal. To be summed in order, so that the
  /// rounding is the same in any block of chains.
  virtual double log_proposal_ratio(const Place& here, Vector proposal,
                                    Vector proposal_gradient) const = 0;

  Index dimension() const { return sd_.rows(); }
  Index chains() const { return sd_.cols(); }

 private:
  Place place(Index c) const;
  void accept(Transition& t, Index c);
  void adapt(Transition& t);

  Density& density_;
  bool adapts_metric_;
  double standard_step_size_;  ///< where the metric fits the target
  WarmupWindows windows_;
  RunningVariance variance_;
  std::vector<AcceptanceScale> step_size_;        ///< [chains]
  Eigen::MatrixXd sd_;                            ///< [D x chains]
  Eigen::MatrixXd state_, gradient_;              ///< [D x chains]
  Eigen::MatrixXd proposal_, proposal_gradient_;  ///< [D x chains]
  Eigen::VectorXd log_p_;                         ///< [chains] of the proposals
};

}  // namespace elbow
