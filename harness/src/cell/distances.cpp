#include "cell/distances.hpp"

#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <elbow/math.hpp>

#include "cell/chain_diagnostics.hpp"
#include "data/short_number.hpp"
#include "diagnostics/classifier_two_sample.hpp"
#include "diagnostics/monte_carlo.hpp"
#include "diagnostics/psis.hpp"
#include "diagnostics/stein_discrepancy.hpp"
#include "diagnostics/two_sample.hpp"

namespace elbow {
namespace {

/// A covariance of more variables is not made: its Gaussians would not be told by 10,000 draws.
constexpr Index most_gaussian_variables = 200;

/// Rows of x in units of the reference's sds, around its means.
Eigen::MatrixXd standardised(Draws x, const MomentEstimates& reference,
                             const std::vector<Index>& rows) {
  Eigen::MatrixXd result(Index(rows.size()), x.cols());
  for (std::size_t i = 0; i < rows.size(); ++i)
    result.row(Index(i)) =
        (x.row(rows[i]).array() - reference.mean[rows[i]]) / reference.sd[rows[i]];
  return result;
}

/// The marginal distance of every variable: value and standard error. [2 x C]
Eigen::MatrixXd marginal_distances(const ComparedDraws& draws, const ReferenceSample& reference,
                                   const MomentEstimates& moments,
                                   const std::vector<Index>& usable) {
  Eigen::MatrixXd distances = Eigen::MatrixXd::Constant(2, draws.x.rows(), not_a_number);
  for (const Index c : usable) {
    const Estimate distance =
        wasserstein_1(draws.x.row(c).transpose(), std::min(double(draws.x.cols()), draws.ess[c]),
                      reference.x.row(c).transpose());
    distances.col(c) << distance.value / moments.sd[c], distance.standard_error / moments.sd[c];
  }
  return distances;
}

void add_marginal_distances(const Eigen::MatrixXd& distances, const std::vector<Index>& usable,
                            std::vector<Metric>& metrics) {
  const Eigen::MatrixXd own = distances(Eigen::all, usable);
  Index worst;
  const double largest = own.row(0).maxCoeff<Eigen::PropagateNaN>(&worst);
  metrics.push_back({"wasserstein_max", largest, own(1, worst), "",
                     "largest Wasserstein-1 distance of a variable's margin to the reference "
                     "draws', in posterior standard deviations"});
  metrics.push_back({"wasserstein_mean", own.row(0).mean(),
                     own.row(1).norm() / double(usable.size()), "",
                     "mean over the variables of the margins' Wasserstein-1 distance, in posterior "
                     "standard deviations"});
}

/// How many of the draws, evenly spaced, are nearly independent of each other.
Index independent_draws(const ComparedDraws& draws, const std::vector<Index>& usable) {
  double least = double(draws.x.cols());
  for (const Index c : usable)
    if (!(draws.ess[c] >= least)) least = std::isnan(draws.ess[c]) ? 0 : draws.ess[c];
  return std::min(draws.x.cols(), std::max<Index>(50, Index(least)));
}

void add_sample_distances(const ComparedDraws& draws, const ReferenceSample& reference,
                          const MomentEstimates& moments, const std::vector<Index>& usable,
                          const EvaluationSettings& settings, RandomStream stream,
                          std::vector<Metric>& metrics) {
  const Eigen::MatrixXd x = standardised(draws.x, moments, usable);
  const Eigen::MatrixXd y = standardised(reference.x, moments, usable);
  const Index independent = std::min(independent_draws(draws, usable), y.cols());
  if (const Index n = std::min(settings.kernel_draws, independent); n >= 4) {
    const double length = median_distance(y);
    const Estimate mmd = mmd_squared(evenly_spaced(x, n), evenly_spaced(y, n), length);
    metrics.push_back({"mmd_squared", mmd.value, mmd.standard_error, "",
                       "squared maximum mean discrepancy to the reference draws, unbiased, from " +
                           std::to_string(n) + " of each; Gaussian kernel of length " +
                           short_number(length)});
  }
  if (x.rows() <= most_gaussian_variables) {
    const Estimate kl = symmetric_gaussian_kl(x, y);
    if (!std::isnan(kl.value))
      metrics.push_back({"symmetric_kl_gaussian", kl.value, kl.standard_error, "nats",
                         "KL(P || Q) + KL(Q || P) of the Gaussians with the draws' and the "
                         "reference draws' moments"});
  }
  if (!settings.c2st) return;
  const Index n = std::min({settings.c2st_draws, x.cols(), y.cols()});
  const Estimate accuracy = classifier_accuracy(evenly_spaced(x, n), evenly_spaced(y, n), stream);
  metrics.push_back(
      {"c2st", accuracy.value, accuracy.standard_error, "",
       "accuracy of the classifier two-sample test against the reference draws, from " +
           std::to_string(n) + " of each; 0.5: not told apart"});
}

/// Errors of every variable, written to the file.
void write_errors(const ComparedDraws& draws, const MomentEstimates& reference,
                  const Eigen::MatrixXd& distances, const std::vector<Variable>& variables,
                  const std::string& group, CellWriter& writer) {
  std::vector<TraceField> fields = {{"mean_error", "", ""},
                                    {"mean_error_mcse", "", ""},
                                    {"sd_error", "", ""},
                                    {"sd_error_mcse", "", ""}};
  if (distances.size() > 0)
    for (const char* name : {"wasserstein", "wasserstein_mcse"}) fields.push_back({name, "", ""});
  const auto relative = [&](const Eigen::VectorXd& values) {
    return values.cwiseQuotient(reference.sd).transpose();
  };
  const auto error = [&](const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
    return (a.array().square() + b.array().square()).sqrt().matrix().eval();
  };
  const MomentEstimates& own = draws.moments;
  Eigen::MatrixXd values(Index(fields.size()), own.mean.size());
  values.topRows(4) << relative(own.mean - reference.mean),
      relative(error(own.mean_standard_error, reference.mean_standard_error)),
      relative(own.sd - reference.sd),
      relative(error(own.sd_standard_error, reference.sd_standard_error));
  if (distances.size() > 0) values.bottomRows(2) = distances;
  write_per_variable(group, fields, values, variables, writer);
}

}  // namespace

void add_distances(const ComparedDraws& draws, Model& target, const ReferenceSample& reference,
                   const EvaluationSettings& settings, RandomStream stream,
                   const std::string& prefix, CellWriter& writer, std::vector<Metric>& metrics) {
  const auto moments = reference_moments(target, draws.moments.mean.size(), stream.substream(0));
  if (!moments) return;
  add_moment_errors(draws.moments, *moments, metrics);
  const std::vector<Index> usable = usable_variables(*moments);
  Eigen::MatrixXd distances;
  if (reference.x.cols() > 1 && draws.x.cols() > 1 && !usable.empty()) {
    distances = marginal_distances(draws, reference, *moments, usable);
    add_marginal_distances(distances, usable, metrics);
    add_sample_distances(draws, reference, *moments, usable, settings, stream.substream(1),
                         metrics);
  }
  write_errors(draws, *moments, distances, target.density()->variables(),
               prefix + "reference_errors", writer);
}

void add_stein_discrepancy(Density& density, Draws z, std::vector<Metric>& metrics) {
  if (z.cols() < 4) return;
  Eigen::MatrixXd gradient(z.rows(), z.cols());
  Eigen::VectorXd log_p(z.cols());
  try {
    density.log_density_gradient(z, log_p, gradient);
  } catch (const Unsupported&) {
    return;
  }
  const Estimate ksd = ksd_squared(z, gradient);
  metrics.push_back({"ksd_squared", ksd.value, ksd.standard_error, "",
                     "squared kernel Stein discrepancy to the target in unconstrained space, "
                     "unbiased, from " +
                         std::to_string(z.cols()) + " draws; inverse multiquadric kernel"});
}

void add_upper_bounds(Family& q, Density& p, Draws exact, Estimate log_evidence,
                      std::vector<Metric>& metrics) {
  Eigen::VectorXd log_p(exact.cols()), log_q(exact.cols());
  p.log_density(exact, log_p);
  try {
    q.log_prob(exact, log_q);
  } catch (const Unsupported&) {
    return;
  }
  const Eigen::VectorXd log_weights = log_p - log_q;
  const Estimate eubo = mean_estimate(log_weights);
  metrics.push_back({"eubo", eubo.value, eubo.standard_error, "nats",
                     "evidence upper bound: the mean of log p - log q over exact draws"});
  if (std::isnan(log_evidence.value)) return;
  const Estimate mean_weight = psis_log_evidence(psis(log_weights));
  metrics.push_back({"cubo", (log_evidence.value + mean_weight.value) / 2,
                     std::hypot(log_evidence.standard_error, mean_weight.standard_error) / 2,
                     "nats",
                     "chi upper bound of order 2, from the known evidence and exact draws"});
}

}  // namespace elbow
