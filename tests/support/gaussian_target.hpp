#pragma once

#include <Eigen/LU>
#include <elbow/elbow.hpp>

namespace elbow::test {

/// N(mean, covariance) times exp(log_evidence), worked on column by column, so that a block of
/// columns gives bit for bit what single columns give.
class GaussianTarget final : public Model, public Density {
 public:
  GaussianTarget(Eigen::VectorXd mean, const Eigen::MatrixXd& covariance, double log_evidence = 0)
      : mean_(std::move(mean)),
        covariance_(covariance),
        precision_(covariance.inverse()),
        constant_(log_evidence - 0.5 * double(mean_.size()) * log_2pi -
                  0.5 * std::log(covariance.determinant())) {}

  Density* density() override { return this; }
  Index dimension() const override { return mean_.size(); }
  std::vector<Variable> variables() const override { return {{"z", {mean_.size()}, {}, ""}}; }

  void log_density(Draws z, VectorOut log_p) override {
    evaluations += z.cols();
    for (Index s = 0; s < z.cols(); ++s) {
      double square = 0;
      for (Index i = 0; i < z.rows(); ++i) square += (z(i, s) - mean_[i]) * pull(z, s, i);
      log_p[s] = constant_ - 0.5 * square;
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s)
      for (Index i = 0; i < z.rows(); ++i) gradient(i, s) = -pull(z, s, i);
  }

  const Eigen::VectorXd& mean() const { return mean_; }
  const Eigen::MatrixXd& covariance() const { return covariance_; }
  Eigen::VectorXd sd() const { return covariance_.diagonal().cwiseSqrt(); }

  Index evaluations = 0;  ///< columns worked on so far

 private:
  double pull(Draws z, Index s, Index i) const {
    double sum = 0;
    for (Index j = 0; j < z.rows(); ++j) sum += precision_(i, j) * (z(j, s) - mean_[j]);
    return sum;
  }

  Eigen::VectorXd mean_;
  Eigen::MatrixXd covariance_, precision_;
  double constant_;
};

/// Two coordinates of variance 1 and this correlation.
inline GaussianTarget correlated(double rho) {
  Eigen::MatrixXd covariance(2, 2);
  covariance << 1, rho, rho, 1;
  return {Eigen::VectorXd::Zero(2), covariance};
}

/// N(0, 1) prior, y | x ~ N(x, 0.5) with sd 0.5 and y = 10: the posterior is N(8, 0.2)
/// and the log evidence -41.030510.
inline GaussianTarget conjugate_normal() {
  return {Eigen::VectorXd::Constant(1, 8), Eigen::MatrixXd::Constant(1, 1, 0.2), -41.030510};
}

}  // namespace elbow::test
