#pragma once

#include <cmath>
#include <elbow/types.hpp>
#include <limits>

namespace elbow {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double log_2pi = 1.83787706640934548356;
inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// log sum_i exp(x_i), without overflow; -inf for an empty vector or one of -inf only. NaN passes
/// through.
double log_sum_exp(Vector x);
/// log mean_i exp(x_i).
double log_mean_exp(Vector x);
/// The standard deviation of log_mean_exp of independent numbers, from their own spread. Where the
/// largest hide the rest, the mean's relative error is that of as spread normal numbers: their
/// exponentials have a relative variance of e^(variance) - 1. NaN for fewer than two numbers.
double log_mean_exp_sd(Vector x);

/// Pearson's correlation of the pairs of finite numbers; 0 where one of the two does not vary.
double correlation(Eigen::Ref<const Eigen::VectorXd, 0, Eigen::InnerStride<>> x,
                   Eigen::Ref<const Eigen::VectorXd, 0, Eigen::InnerStride<>> y);

/// log(1 + exp(x)) without overflow or cancellation.
inline double softplus(double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
/// 1 / (1 + exp(-x))
inline double sigmoid(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

/// The standard normal's quantile function, relative error below 1e-15 (Wichura 1988, AS 241).
/// 0 gives -inf, 1 gives +inf, values outside [0, 1] give NaN.
double inverse_normal_cdf(double p);
double normal_cdf(double x);

/// log N(x; mean, sd^2), nats.
inline double log_normal(double x, double mean, double sd) {
  const double standardised = (x - mean) / sd;
  return -0.5 * (log_2pi + standardised * standardised) - std::log(sd);
}

/// KL(N(m1, S1) || N(m2, S2)), nats. @throws Error when a covariance is not positive definite.
/// Source: 1/2 [ln |S2|/|S1| - d + tr S2^-1 S1 + delta^T S2^-1 delta].
double gaussian_kl(Vector m1, Draws s1, Vector m2, Draws s2);

}  // namespace elbow
