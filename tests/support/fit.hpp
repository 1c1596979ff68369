#pragma once

#include "support/plugin_under_test.hpp"

namespace elbow::test {

/// The host's loop in small: `iterations` steps of an estimator through an optimizer, after which
/// the family holds the optimizer's estimate. @return the last step's progress
inline Progress fit(Model& model, Family& family, const std::string& estimator_name,
                    OptionMap estimator_options, const std::string& optimizer_name,
                    OptionMap optimizer_options, Index iterations, std::uint64_t seed = 1) {
  const auto method = estimator(estimator_name, model, &family, std::move(estimator_options));
  const auto moves =
      optimizer(optimizer_name, method->trained(), std::move(optimizer_options), iterations);
  Eigen::VectorXd trace(Index(method->trace_fields().size()));
  Progress progress = Progress::going;
  for (Index i = 0; i < iterations && progress == Progress::going; ++i) {
    Fit surroundings{model, &family, &*moves, i, stream(seed, "fit").substream(std::uint64_t(i)),
                     {}};
    progress = method->step(surroundings, trace);
  }
  Eigen::VectorXd f64(family.parameters().f64().size());
  Eigen::VectorXf f32(family.parameters().f32().size());
  moves->estimate(0, f64, f32);
  family.parameters().f64() = f64;
  family.parameters().f32() = f32;
  return progress;
}

/// KL(q || target) of a Gaussian family, nats.
inline double kl_to(Family& q, Vector mean, Draws covariance) {
  Eigen::VectorXd m(q.dimension());
  Eigen::MatrixXd s(q.dimension(), q.dimension());
  q.gaussian_form()->moments(m, s);
  return gaussian_kl(m, s, mean, covariance);
}

}  // namespace elbow::test
