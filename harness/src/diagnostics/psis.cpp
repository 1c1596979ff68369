#include "diagnostics/psis.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>
#include <limits>
#include <vector>

namespace elbow {

namespace {

double mean_log1p(Vector x, double factor) { return (factor * x.array()).log1p().mean(); }

/// The element at level (i + 1/2)/n of the distribution, the expected order statistic.
double pareto_quantile(const GeneralizedPareto& pareto, double p) {
  if (pareto.k == 0) return -pareto.sigma * std::log1p(-p);
  return pareto.sigma * std::expm1(-pareto.k * std::log1p(-p)) / pareto.k;
}

}  // namespace

GeneralizedPareto fit_generalized_pareto(Vector excess) {
  const Index n = excess.size();
  const Index grid = 30 + Index(std::sqrt(double(n)));
  const double quartile = excess[Index(double(n) / 4 + 0.5) - 1], largest = excess[n - 1];
  // Equation numbers are those of Zhang & Stephens 2009; theta is -k / sigma, up to its sign.
  Eigen::VectorXd theta(grid), log_likelihood(grid);
  for (Index j = 0; j < grid; ++j) {
    theta[j] = 1 / largest + (1 - std::sqrt(double(grid) / (double(j) + 0.5))) / (3 * quartile);
    const double k = mean_log1p(excess, -theta[j]);
    log_likelihood[j] = double(n) * (std::log(-theta[j] / k) - k - 1);
  }
  const Eigen::VectorXd weight = (log_likelihood.array() - log_sum_exp(log_likelihood)).exp();
  const double theta_hat = theta.dot(weight);
  const double k = mean_log1p(excess, -theta_hat);
  const double sigma = -k / theta_hat;
  if (!std::isfinite(k) || !std::isfinite(sigma) || sigma <= 0) return {infinity, sigma};
  return {(k * double(n) + 10 * 0.5) / (double(n) + 10), sigma};
}

Psis psis(Vector log_ratios, double r_eff) {
  const Index size = log_ratios.size();
  Psis result{log_ratios, not_a_number, not_a_number};
  if (size == 0) return result;
  const double top = log_ratios.maxCoeff<Eigen::PropagateNaN>();
  if (!std::isfinite(top)) return result;

  result.pareto_k = infinity;
  const double bound = std::min(0.2 * double(size), 3 * std::sqrt(double(size) / r_eff));
  const auto tail = Index(std::ceil(bound));
  if (tail >= 5 && tail < size) {
    // Positions of the tail in ascending order, ties by position, behind that of the cutoff.
    std::vector<Index> order(static_cast<std::size_t>(size));
    for (Index i = 0; i < size; ++i) order[std::size_t(i)] = i;
    const auto below = [&](Index a, Index b) {
      return log_ratios[a] < log_ratios[b] || (log_ratios[a] == log_ratios[b] && a < b);
    };
    const auto first = order.end() - tail;
    std::nth_element(order.begin(), first - 1, order.end(), below);
    std::sort(first, order.end(), below);

    const double lowest = log_ratios[*first] - top;
    if (std::fabs(lowest) >= std::numeric_limits<double>::epsilon() / 100) {
      const double cutoff = std::exp(log_ratios[*(first - 1)] - top);
      Eigen::VectorXd excess(tail);
      for (Index i = 0; i < tail; ++i) excess[i] = std::exp(log_ratios[first[i]] - top) - cutoff;
      const GeneralizedPareto pareto = fit_generalized_pareto(excess);
      result.pareto_k = pareto.k;
      if (std::isfinite(pareto.k)) {
        for (Index i = 0; i < tail; ++i) {
          const double weight = pareto_quantile(pareto, (double(i) + 0.5) / double(tail)) + cutoff;
          // No smoothed weight may exceed the largest raw one.
          result.log_weights[first[i]] = top + std::fmin(std::log(weight), 0.0);
        }
      }
    }
  }
  result.ess = r_eff * weight_ess(result.log_weights);
  return result;
}

double pareto_k_threshold(Index draws) { return std::fmin(1 - 1 / std::log10(double(draws)), 0.7); }

bool equal_weights(Vector log_ratios) {
  if (log_ratios.size() == 0 || !log_ratios.allFinite()) return false;
  const double top = log_ratios.maxCoeff();
  return top - log_ratios.minCoeff() <= 1e-9 * std::fmax(1.0, std::fabs(top));
}

double weight_ess(Vector log_weights) {
  const double total = log_sum_exp(log_weights);
  if (!std::isfinite(total)) return not_a_number;
  return 1 / (log_weights.array() - total).exp().square().sum();
}

Estimate log_mean_weight(Vector log_weights) {
  const double size = double(log_weights.size());
  if (log_weights.size() == 0) return {not_a_number, not_a_number};
  const double ess = weight_ess(log_weights);
  const double error = std::sqrt(std::fmax(size / ess - 1, 0.0) / (size - 1));
  return {log_mean_exp(log_weights), std::isnan(ess) || size < 2 ? not_a_number : error};
}

Estimate psis_log_evidence(const Psis& smoothed) {
  Estimate evidence = log_mean_weight(smoothed.log_weights);
  if (smoothed.pareto_k > 0.5 && !equal_weights(smoothed.log_weights))
    evidence.standard_error = not_a_number;
  return evidence;
}

}  // namespace elbow
