#pragma once

#include <elbow/random.hpp>
#include <elbow/types.hpp>
#include <optional>

namespace elbow {

/// What is known of a model's posterior. Every answer is optional; metrics use what there is.
/// The order and shape of C are those of `Density::variables`.
class Reference {
 public:
  struct Moments {
    Eigen::VectorXd mean;                 ///< [C]
    Eigen::VectorXd sd;                   ///< [C]
    Eigen::VectorXd mean_standard_error;  ///< [C]  zeros when exact
    Eigen::VectorXd sd_standard_error;    ///< [C]  zeros when exact
  };
  /// The posterior when it is exactly Gaussian in unconstrained space.
  struct Gaussian {
    Eigen::VectorXd mean;        ///< [D]
    Eigen::MatrixXd covariance;  ///< [D x D]
  };

  virtual ~Reference() = default;

  /// log of the integral of exp(log_density), nats.
  virtual std::optional<Estimate> log_evidence() const { return {}; }
  virtual std::optional<Moments> moments() const { return {}; }
  virtual std::optional<Gaussian> gaussian() const { return {}; }

  /// Whether `sample` gives independent exact draws of the posterior.
  virtual bool has_exact_sampler() const { return false; }
  /// @param[out] z  [D x S]  @throws Unsupported without an exact sampler.
  virtual void sample(RandomStream& stream, DrawsOut z) const;

  /// Draws of a trusted earlier run, [C x S] constrained; empty when there are none.
  virtual Eigen::MatrixXd reference_draws() const { return {}; }
};

}  // namespace elbow
