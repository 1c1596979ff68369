#include "check/targets.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <elbow/math.hpp>

namespace elbow::check {
namespace {

constexpr double log_scale = 0.7;  ///< the Gaussian target's log evidence

}  // namespace

// Columns are worked on one by one, so that a column's value does not depend on its neighbours.

GaussianTarget::GaussianTarget() : mean_(1.5, -1, 0.5), tilts_(3, 12), tilt_(0, 0, 0) {
  covariance_ << 1.0, 0.6, -0.2,  //
      0.6, 0.8, 0.1,              //
      -0.2, 0.1, 1.5;
  precision_ = covariance_.inverse();
  factor_ = covariance_.llt().matrixL();
  for (Index n = 0; n < 12; ++n)
    for (Index d = 0; d < 3; ++d) tilts_(d, n) = 0.02 * std::cos(double(n) * double(d + 1));
  tilts_.colwise() -= tilts_.rowwise().mean().eval();
}

double GaussianTarget::log_evidence() const { return log_scale; }

void GaussianTarget::log_density(Draws z, VectorOut log_p) {
  const double constant = log_scale - 1.5 * log_2pi - factor_.diagonal().array().log().sum();
  for (Index s = 0; s < z.cols(); ++s) {
    const Eigen::Vector3d centred = z.col(s) - mean_;
    const Eigen::Vector3d pulled = precision_ * centred;
    log_p[s] = constant - 0.5 * centred.dot(pulled) + tilt_.dot(z.col(s));
  }
}

void GaussianTarget::log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) {
  log_density(z, log_p);
  for (Index s = 0; s < z.cols(); ++s) {
    const Eigen::Vector3d centred = z.col(s) - mean_;
    gradient.col(s) = tilt_ - precision_ * centred;
  }
}

void GaussianTarget::use_items(std::span<const Index> items) {
  tilt_.setZero();
  for (const Index item : items)
    tilt_ += tilts_.col(item) * (double(tilts_.cols()) / double(items.size()));
}

void GaussianTarget::sample(RandomStream& stream, DrawsOut z) const {
  for (Index s = 0; s < z.cols(); ++s) {
    Eigen::Vector3d white;
    for (double& number : white) number = stream.normal();
    z.col(s) = mean_ + factor_ * white;
  }
}

void SkewedTarget::log_density(Draws z, VectorOut log_p) {
  for (Index s = 0; s < z.cols(); ++s)
    log_p[s] = 3 * z(0, s) - std::exp(z(0, s)) - std::log(2.0) + log_normal(z(1, s), 0, 1);
}

void SkewedTarget::log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) {
  log_density(z, log_p);
  for (Index s = 0; s < z.cols(); ++s) {
    gradient(0, s) = 3 - std::exp(z(0, s));
    gradient(1, s) = -z(1, s);
  }
}

void SkewedTarget::sample(RandomStream& stream, DrawsOut z) const {
  for (Index s = 0; s < z.cols(); ++s) {
    const double gamma = stream.exponential() + stream.exponential() + stream.exponential();
    z(0, s) = std::log(gamma);
    z(1, s) = stream.normal();
  }
}

void HalfTarget::log_density(Draws z, VectorOut log_p) {
  for (Index s = 0; s < z.cols(); ++s)
    log_p[s] = z(0, s) > 0 ? -0.5 * z.col(s).squaredNorm() : outside_;
}

void HalfTarget::log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) {
  log_density(z, log_p);
  for (Index s = 0; s < z.cols(); ++s) {
    if (z(0, s) > 0)
      gradient.col(s) = -z.col(s);
    else
      gradient.col(s).setConstant(std::isnan(outside_) ? outside_ : 0.0);
  }
}

void NanTarget::log_density(Draws, VectorOut log_p) { log_p.setConstant(NAN); }

void NanTarget::log_density_gradient(Draws, VectorOut log_p, DrawsOut gradient) {
  log_p.setConstant(NAN);
  gradient.setConstant(NAN);
}

void BinaryTarget::log_density(Draws z, VectorOut log_p) {
  for (Index s = 0; s < z.cols(); ++s) log_p[s] = 1.5 * z(0, s) * z(1, s) - 0.5 * z(0, s) + z(2, s);
}

}  // namespace elbow::check
