#include "diagnostics/monte_carlo.hpp"

#include <cmath>
#include <elbow/math.hpp>

namespace elbow {

void ScalarMoments::add(double value) {
  ++count_;
  if (!std::isfinite(value)) ++non_finite_;
  if (non_finite_ > 0) {
    // Differences of infinities would turn an infinite mean into NaN.
    mean_ += value;
    squares_ = not_a_number;
    return;
  }
  const double before = value - mean_;
  mean_ += before / double(count_);
  squares_ += before * (value - mean_);
}

void ScalarMoments::add(Vector values) {
  for (const double value : values) add(value);
}

void ScalarMoments::merge(const ScalarMoments& other) {
  if (other.count_ == 0) return;
  const double count = double(count_ + other.count_);
  if (non_finite_ + other.non_finite_ > 0) {
    mean_ += other.mean_;
    squares_ = not_a_number;
  } else {
    const double shift = other.mean_ - mean_;
    mean_ += shift * double(other.count_) / count;
    squares_ += other.squares_ + shift * shift * double(count_) * double(other.count_) / count;
  }
  count_ += other.count_;
  non_finite_ += other.non_finite_;
}

double ScalarMoments::mean() const { return count_ > 0 ? mean_ : not_a_number; }

double ScalarMoments::variance() const {
  return count_ > 1 ? squares_ / double(count_ - 1) : not_a_number;
}

Estimate ScalarMoments::estimate() const {
  return {mean(), std::sqrt(variance() / double(count_))};
}

Estimate mean_estimate(Vector values) {
  ScalarMoments moments;
  moments.add(values);
  return moments.estimate();
}

double delta_method(Vector gradient, Draws covariance) {
  return std::sqrt(gradient.dot(covariance * gradient));
}

}  // namespace elbow
