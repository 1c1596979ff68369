#pragma once

#include <elbow/elbow.hpp>

namespace elbow::wrong {

inline std::vector<Option> no_options() { return {}; }

/// The ELBO with its reparameterised gradient over ten draws, without a fault: each wrong estimator
/// changes one thing of it.
class PathGradient : public GradientEstimator {
 public:
  explicit PathGradient(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        noise_(setup.family->noise().rows(), draws),
        z_(setup.family->dimension(), draws),
        gradient_(z_),
        log_p_(draws),
        log_q_(draws),
        minus_(Eigen::VectorXd::Constant(draws, -1.0 / double(draws))) {}

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients, VectorOut) override {
    fill_noise(fit.family->noise(), fit.stream, noise_);
    fit.family->sample(noise_, z_, log_q_);
    fit.model.density()->log_density_gradient(z_, log_p_, gradient_);
    gradient_ /= double(draws);
    fit.family->sample_pullback(gradient_, minus_, gradients[0]);
    return (log_p_ - log_q_).mean();
  }

 private:
  static constexpr Index draws = 10;
  Eigen::MatrixXd noise_, z_, gradient_;
  Eigen::VectorXd log_p_, log_q_, minus_;
};

}  // namespace elbow::wrong
