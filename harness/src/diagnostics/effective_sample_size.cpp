#include "diagnostics/effective_sample_size.hpp"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <elbow/math.hpp>

#include "diagnostics/autocovariance.hpp"
#include "diagnostics/chains.hpp"

namespace elbow {

namespace {

double overall_mean(Draws x) { return chain_means(x).mean(); }

/// Autocorrelation time by Geyer's initial monotone sequence: pairs of autocorrelations are added
/// while their sum is positive, and no pair counts for more than the one before it.
/// @param correlation  by lag; correlation(0) is 1
template <class Correlation>
double autocorrelation_time(Index lags, Correlation correlation) {
  double even = 1, odd = correlation(1);
  double pair = even + odd, sum = 0;
  Index t = 0;
  while (t < lags - 5 && even + odd > 0) {
    sum += pair;
    t += 2;
    even = correlation(t);
    odd = correlation(t + 1);
    pair = std::fmin(pair, even + odd);
  }
  // Without a second pair (fewer than 6 lags, or the first pair is not positive) `posterior` counts
  // lag zero once more.
  if (t == 0) return 2;
  // The even lag at which the sequence ends counts once; after a negative pair only if positive.
  return -1 + 2 * sum + (even + odd < 0 ? std::fmax(even, 0.0) : even);
}

/// Variance over all draws: within the chains, by `within` with divisor n, and between them.
double total_variance(const Eigen::MatrixXd& x, double within) {
  if (x.cols() == 1) return within;
  const Eigen::RowVectorXd means = chain_means(x);
  return within + (means.array() - means.mean()).square().sum() / double(x.cols() - 1);
}

double total_variance(const Eigen::MatrixXd& x) {
  const Eigen::RowVectorXd means = chain_means(x);
  return total_variance(x, (x.rowwise() - means).squaredNorm() / double(x.size()));
}

/// Means over the walkers of every ensemble. [n x chains / walkers]
Eigen::MatrixXd ensemble_means(const Eigen::MatrixXd& x, Index walkers) {
  Eigen::MatrixXd means(x.rows(), x.cols() / walkers);
  for (Index e = 0; e < means.cols(); ++e)
    means.col(e) = x.middleCols(e * walkers, walkers).rowwise().mean();
  return means;
}

double capped(double size, double time) { return size / std::fmax(time, 1 / std::log10(size)); }

}  // namespace

double ess_of_sequences(Draws draws, Index walkers) {
  const Index n = draws.rows();
  if (n < 3 || without_variation(draws)) return not_a_number;
  const Eigen::MatrixXd x = from_first(draws);
  const double size = double(x.size());
  if (walkers > 1) {
    const Eigen::MatrixXd means = ensemble_means(x, walkers);
    // As many draws as independent ones would be needed for the error of the means' mean.
    const double all = total_variance(x), ess = ess_of_sequences(means);
    return capped(size, size / (ess * all / total_variance(means)));
  }
  MeanAutocovariance covariance(x);
  const double variance = covariance(0);
  const double within = variance * double(n) / double(n - 1);
  const double total = total_variance(x, variance);
  if (!std::isfinite(total)) return not_a_number;  // the squares overflow
  const double time =
      autocorrelation_time(n, [&](Index lag) { return 1 - (within - covariance(lag)) / total; });
  return capped(size, time);
}

double ess_bulk(Draws x, Index walkers) {
  return ess_of_sequences(rank_normalise(split_chains(x)), walkers);
}

double ess_mean(Draws x, Index walkers) { return ess_of_sequences(split_chains(x), walkers); }

double ess_sd(Draws x, Index walkers) {
  return ess_of_sequences(split_chains((x.array() - overall_mean(x)).abs().matrix()), walkers);
}

double ess_quantile(Draws x, double p, Index walkers) {
  if (without_variation(x)) return not_a_number;
  // All draws are at or below the maximum: the level just under it is meant.
  const double size = double(x.size());
  const double level = quantile(x, p == 1 ? (size - 0.5) / size : p);
  return ess_of_sequences(split_chains((x.array() <= level).cast<double>().matrix()), walkers);
}

double ess_tail(Draws x, Index walkers) {
  const double low = ess_quantile(x, 0.05, walkers), high = ess_quantile(x, 0.95, walkers);
  return std::isnan(low) || std::isnan(high) ? not_a_number : std::fmin(low, high);
}

double mcse_mean(Draws x, Index walkers) {
  if (x.size() < 2) return not_a_number;
  const double sum = (x.array() - overall_mean(x)).square().sum();
  return std::sqrt(sum / double(x.size() - 1) / ess_mean(x, walkers));
}

double mcse_sd(Draws x, Index walkers) {
  const Eigen::MatrixXd square = (x.array() - overall_mean(x)).square();
  const double variance = square.mean();
  const double variance_of_variance =
      (square.array().square().mean() - variance * variance) / ess_mean(square, walkers);
  return std::sqrt(variance_of_variance / variance / 4);
}

double mcse_of_sorted(Vector sorted, double p, double ess) {
  // Phi(-1) and Phi(1), in the digits that `posterior` uses.
  const double a = ess * p + 1, b = ess * (1 - p) + 1;
  const double low = boost::math::ibeta_inv(a, b, 0.1586553);
  const double high = boost::math::ibeta_inv(a, b, 0.8413447);
  const Index size = sorted.size();
  const Index first = std::max(Index(std::floor(low * double(size))), Index(1));
  const Index last = std::min(Index(std::ceil(high * double(size))), size);
  return (sorted[last - 1] - sorted[first - 1]) / 2;
}

double mcse_quantile(Draws x, double p, Index walkers) {
  const double ess = ess_quantile(x, p, walkers);
  if (std::isnan(ess)) return not_a_number;
  Eigen::VectorXd sorted = x.reshaped();
  std::sort(sorted.begin(), sorted.end());
  return mcse_of_sorted(sorted, p, ess);
}

}  // namespace elbow
