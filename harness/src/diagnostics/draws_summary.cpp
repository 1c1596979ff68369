#include "diagnostics/draws_summary.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>

#include "diagnostics/chains.hpp"
#include "diagnostics/effective_sample_size.hpp"
#include "diagnostics/rhat.hpp"

namespace elbow {

const std::vector<TraceField>& draws_summary_fields() {
  static const std::vector<TraceField> fields = {
      {"mean", "mean of the draws", ""},
      {"sd", "standard deviation of the draws", ""},
      {"q5", "5% quantile", ""},
      {"q50", "median", ""},
      {"q95", "95% quantile", ""},
      {"mcse_mean", "Monte-Carlo standard error of the mean", ""},
      {"mcse_sd", "Monte-Carlo standard error of the sd", ""},
      {"mcse_q5", "Monte-Carlo standard error of the 5% quantile", ""},
      {"mcse_q50", "Monte-Carlo standard error of the median", ""},
      {"mcse_q95", "Monte-Carlo standard error of the 95% quantile", ""},
      {"rhat", "rank-normalised split R-hat, of bulk and folded draws the larger", ""},
      {"ess_bulk", "bulk effective sample size", "draws"},
      {"ess_tail", "tail effective sample size: of the 5% and 95% quantiles the smaller", "draws"},
      {"ess_mean", "effective sample size for the mean", "draws"},
      {"ess_sd", "effective sample size for the sd", "draws"},
      {"ess_q5", "effective sample size for the 5% quantile", "draws"},
      {"ess_q50", "effective sample size for the median", "draws"},
      {"ess_q95", "effective sample size for the 95% quantile", "draws"}};
  return fields;
}

Index draws_summary_place(const std::string& name) {
  const std::vector<TraceField>& fields = draws_summary_fields();
  return std::find_if(fields.begin(), fields.end(),
                      [&](const TraceField& field) { return field.name == name; }) -
         fields.begin();
}

Eigen::VectorXd draws_summary(Draws x, Index walkers) {
  const bool constant = (x.array() == x(0, 0)).all();
  const double plain_mean = x.mean();  // keeps an infinity, which differences make a NaN of
  const double mean = constant                    ? x(0, 0)
                      : std::isfinite(plain_mean) ? chain_means(x).mean()
                                                  : plain_mean;
  const double sd = std::sqrt((x.array() - mean).square().sum() / double(x.size() - 1));
  const double low = ess_quantile(x, 0.05, walkers), median = ess_quantile(x, 0.5, walkers),
               high = ess_quantile(x, 0.95, walkers);
  const double ess = ess_mean(x, walkers);
  Eigen::VectorXd sorted = x.reshaped();
  const bool ordered = !sorted.hasNaN();
  if (ordered) std::sort(sorted.begin(), sorted.end());
  const auto level = [&](double p) { return ordered ? sorted_quantile(sorted, p) : not_a_number; };
  const auto level_error = [&](double p, double ess_of_level) {
    return std::isnan(ess_of_level) ? not_a_number : mcse_of_sorted(sorted, p, ess_of_level);
  };
  Eigen::VectorXd summary(Index(draws_summary_fields().size()));
  summary << mean, sd, level(0.05), level(0.5), level(0.95),
      x.size() < 2 ? not_a_number : sd / std::sqrt(ess), mcse_sd(x, walkers),
      level_error(0.05, low), level_error(0.5, median), level_error(0.95, high), rhat(x),
      ess_bulk(x, walkers),
      std::isnan(low) || std::isnan(high) ? not_a_number : std::fmin(low, high), ess,
      ess_sd(x, walkers), low, median, high;
  return summary;
}

}  // namespace elbow
