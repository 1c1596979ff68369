#pragma once

#include "support/plugin_under_test.hpp"

namespace elbow::test {

/// An estimator with options, the number of draws left open.
struct Variant {
  std::string estimator;
  OptionMap options;
};

/// Mean, its standard error, and variance of an estimator's objective (first) and gradient over
/// many steps at the family's parameters.
struct Estimates {
  Eigen::VectorXd mean, standard_error, variance;
};

inline Estimates estimates(const Variant& variant, Model& model, Family& q, Index draws,
                           Index steps) {
  OptionMap options = variant.options;
  options["draws"] = std::int64_t(draws);
  const auto method = estimator(variant.estimator, model, &q, options);
  GradientEstimator& estimator = *method->gradient_estimator();
  Gradient gradient(q.parameters());
  const GradientOut out = gradient.out();
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(1 + gradient.f64().size()), squares = sum,
                  numbers = sum, trace(Index(estimator.own_fields().size()));
  for (Index i = 0; i < steps; ++i) {
    gradient.set_zero();
    Fit step{model, &q, nullptr, i, stream(5, "noise").substream(std::uint64_t(i)), {}};
    numbers[0] = estimator.value_and_gradient(step, {&out, 1}, trace);
    numbers.tail(gradient.f64().size()) = gradient.f64();
    sum += numbers;
    squares += numbers.cwiseAbs2();
  }
  const double n = double(steps);
  const Eigen::VectorXd mean = sum / n;
  const Eigen::VectorXd variance = ((squares / n - mean.cwiseAbs2()) * (n / (n - 1))).cwiseMax(0);
  return {mean, (variance / n).cwiseSqrt(), variance};
}

}  // namespace elbow::test
