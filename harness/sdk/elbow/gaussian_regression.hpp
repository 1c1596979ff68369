#pragma once

#include <elbow/density.hpp>
#include <elbow/math.hpp>
#include <elbow/random.hpp>
#include <elbow/reference.hpp>
#include <memory>
#include <vector>

namespace elbow {

/// What is believed before the data of y ~ N(X beta, sigma^2 I).
struct RegressionPrior {
  enum class Noise { flat, half_normal, half_cauchy };

  double coefficient_scale = infinity;  ///< beta ~ N(0, coefficient_scale^2 I); infinite: flat
  Noise noise = Noise::flat;            ///< of sigma; flat on (0, inf)
  double noise_scale = 1;               ///< of the half-normal or half-Cauchy

  /// D coefficients and sigma. @throws OptionError where a prior is flat and has no draws.
  Eigen::VectorXd draw(Index coefficients, RandomStream& stream) const;
};

/// The posterior of a linear regression whose noise is unknown, z = (beta, log sigma). Flat priors
/// have the density 1; all others integrate to 1. A gradient costs O(D^2), whatever N.
/// Thread-safe: no.
class GaussianRegression final : public Density, public Reference {
 public:
  /// @param x             [N x D]
  /// @param y             [N]
  /// @param coefficients  the variables that beta is called, of D numbers together; `sigma` follows
  /// @throws OptionError where the posterior is improper: flat coefficients need columns that are
  /// linearly independent and more than D rows (D + 1 with noise that is flat too), and no response
  /// may be a combination of fewer columns than rows.
  GaussianRegression(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
                     const RegressionPrior& prior, std::vector<Variable> coefficients);

  Index dimension() const override { return factor_.cols() + 1; }
  std::vector<Variable> variables() const override;
  void log_density(Draws z, VectorOut log_p) override;
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override;
  void constrain(Draws z, DrawsOut x) const override;

  /// By quadrature over log sigma, all else in closed form. The evidence is that of the densities
  /// above: with flat priors it depends on the units. A moment that does not exist is infinite.
  std::optional<Estimate> log_evidence() const override;
  std::optional<Moments> moments() const override;

 private:
  struct Quadrature;
  const Quadrature& quadrature() const;

  std::vector<Variable> coefficients_;
  RegressionPrior prior_;
  double items_;                ///< N
  Eigen::MatrixXd factor_;      ///< [K x D]  R of X = Q R, K = min(N, D)
  Eigen::MatrixXd transposed_;  ///< its transpose
  Eigen::VectorXd response_;    ///< [K]  Q^T y
  double unexplained_;          ///< |y|^2 - |Q^T y|^2
  double constant_;             ///< all that does not depend on z
  Eigen::MatrixXd residual_;
  mutable std::shared_ptr<const Quadrature> quadrature_;
};

}  // namespace elbow
