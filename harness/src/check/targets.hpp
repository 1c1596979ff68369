#pragma once

#include <elbow/model.hpp>

namespace elbow::check {

/// A correlated Gaussian in three dimensions, off centre and not normalised, with a gradient and
/// minibatches: its 12 items add linear terms that cancel over all of them.
class GaussianTarget final : public Model, public Density {
 public:
  GaussianTarget();
  Density* density() override { return this; }
  Index dimension() const override { return 3; }
  std::vector<Variable> variables() const override { return {{"z", {3}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override;
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override;
  Index item_count() const override { return tilts_.cols(); }
  void use_items(std::span<const Index> items) override;

  const Eigen::Vector3d& mean() const { return mean_; }
  const Eigen::Matrix3d& covariance() const { return covariance_; }
  double log_evidence() const;
  void sample(RandomStream& stream, DrawsOut z) const;

 private:
  Eigen::Vector3d mean_;
  Eigen::Matrix3d covariance_, precision_, factor_;
  Eigen::MatrixXd tilts_;  ///< [3 x N], rows add up to zero
  Eigen::Vector3d tilt_;   ///< of the minibatch
};

/// The logarithm of a Gamma(3, 1) number, and a standard normal one: skewed, light and heavy tail.
class SkewedTarget final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override;
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override;
  void sample(RandomStream& stream, DrawsOut z) const;
};

/// A standard normal in two dimensions for z[0] > 0. The other half has a value given: -inf, which
/// means outside the support, or NaN, which no method may take for a density.
class HalfTarget final : public Model, public Density {
 public:
  explicit HalfTarget(double outside) : outside_(outside) {}
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override;
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override;

 private:
  double outside_;
};

/// NaN wherever it is asked.
class NanTarget final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 3; }
  std::vector<Variable> variables() const override { return {{"z", {3}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override;
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override;
  Index item_count() const override { return 12; }
  void use_items(std::span<const Index>) override {}
};

/// Two coupled bits and a lone one.
class BinaryTarget final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 3; }
  std::vector<Variable> variables() const override { return {{"z", {3}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override;
};

}  // namespace elbow::check
