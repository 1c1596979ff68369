#pragma once

#include "check/suites.hpp"

namespace elbow::check {

/// A block of chains under a sampler, run as the host runs one: streams of their own per chain and
/// transition.
class Chains {
 public:
  /// @param first  number of the first chain: chain c has the same streams in every block
  Chains(const Subject& subject, Model& target, const Eigen::MatrixXd& start, Index warmup,
         Index draws, Index first = 0, std::string_view purpose = "chains");

  /// One transition. @return what the sampler says
  Progress transition();

  const Eigen::MatrixXd& z() const { return z_; }
  const Eigen::VectorXd& log_density() const { return log_density_; }
  const Eigen::MatrixXd& statistics() const { return statistics_; }
  const Eigen::VectorXd& log_weights() const { return log_weights_; }
  double log_evidence() const { return log_evidence_; }
  Sampler& sampler() { return *sampler_; }

 private:
  void set_streams();

  Index warmup_, first_, iteration_ = 0;
  RandomStream root_;
  std::vector<RandomStream> streams_;
  Eigen::MatrixXd z_;
  Eigen::VectorXd log_density_;
  Made<Sampler> sampler_;
  Eigen::MatrixXd statistics_;
  Eigen::VectorXd log_weights_;
  double log_evidence_ = 0;
};

/// Whether the sampler needs no more of its target than a density with a gradient, and no fit;
/// otherwise why the check cannot run it.
std::string cannot_sample(const Subject& subject);

}  // namespace elbow::check
