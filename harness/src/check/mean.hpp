#pragma once

#include <algorithm>
#include <cmath>
#include <elbow/types.hpp>

#include "check/finding.hpp"

namespace elbow::check {

/// Five standard errors: one sound comparison in two million fails.
inline constexpr double standard_errors = 5;

/// The mean of independent numbers with its standard error.
inline Estimate mean_of(Vector x) {
  const double n = double(x.size());
  const double mean = x.mean();
  const double variance = (x.array() - mean).square().sum() / std::max(1.0, n - 1);
  return {mean, std::sqrt(variance / n)};
}

/// How far two estimates lie apart in their joint standard error. Equal up to rounding counts as
/// equal, so that exact answers need no error; NaN is infinitely far from everything.
inline double distance(const Estimate& a, const Estimate& b) {
  const double gap = std::abs(a.value - b.value);
  if (gap <= 1e-9 * std::max({1.0, std::abs(a.value), std::abs(b.value)})) return 0;
  const double apart = gap / std::hypot(a.standard_error, b.standard_error);
  return std::isnan(apart) ? INFINITY : apart;
}

/// The pair of estimates that lie farthest apart.
class FarthestPair {
 public:
  void add(const std::string& name, const Estimate& found, const Estimate& expected) {
    const double apart = distance(found, expected);
    ++count_;
    if (apart <= apart_) return;
    apart_ = apart;
    where_ = say(name, ": ", found.value, " (se ", found.standard_error, ") against ",
                 expected.value, " (se ", expected.standard_error, ")");
  }
  Outcome outcome() const {
    if (count_ == 0) return not_applicable("there is nothing to compare");
    return judge(apart_ <= standard_errors, count_, " comparisons, farthest ", apart_,
                 " standard errors apart, ", where_);
  }

 private:
  int count_ = 0;
  double apart_ = -1;
  std::string where_;
};

}  // namespace elbow::check
