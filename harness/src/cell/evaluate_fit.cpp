#include "cell/evaluate_fit.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <elbow/math.hpp>
#include <functional>

#include "cell/distances.hpp"
#include "cell/draw_groups.hpp"
#include "cell/gradient_noise.hpp"
#include "cell/item_measures.hpp"
#include "cell/moments.hpp"
#include "cell/pareto_k_metric.hpp"
#include "cell/particle_metrics.hpp"

namespace elbow {
namespace {

constexpr Index block = 1000;
constexpr Estimate no_estimate{not_a_number, not_a_number};

/// Draws of the approximation in blocks: calls `use(z, log_q, log_p)` until `draws` have been seen.
void for_fresh_draws(Family& q, Density& p, RandomStream stream, Index draws,
                     const std::function<void(Draws, Vector, Vector)>& use) {
  const NoiseShape shape = q.noise();
  Eigen::MatrixXd noise(shape.rows(), block), z(q.dimension(), block);
  Eigen::VectorXd log_q(block), log_p(block);
  for (Index done = 0; done < draws; done += block) {
    const Index n = std::min(block, draws - done);
    fill_noise(shape, stream, noise.leftCols(n));
    q.sample(noise.leftCols(n), z.leftCols(n), log_q.head(n));
    p.log_density(z.leftCols(n), log_p.head(n));
    use(z.leftCols(n), log_q.head(n), log_p.head(n));
  }
}

ElboEstimate mean_with_error(const Eigen::VectorXd& values) {
  const double mean = values.mean();
  const double n = double(values.size());
  return {mean, std::sqrt((values.array() - mean).square().sum() / (n * (n - 1)))};
}

/// Log weights of the draws that are stored, which a second pass makes again. [draws]
Eigen::VectorXd smoothed_weights(Family& q, Density& p, const Ingredients& cell) {
  Eigen::VectorXd log_ratios(cell.settings.draws);
  Index done = 0;
  for_fresh_draws(q, p, cell.stream("draws"), log_ratios.size(),
                  [&](Draws, Vector log_q, Vector log_p) {
                    log_ratios.segment(done, log_q.size()) = log_p - log_q;
                    done += log_q.size();
                  });
  const Eigen::VectorXd log_weights = psis(log_ratios).log_weights;
  return log_weights.array() - log_sum_exp(log_weights);
}

/// KL of the approximation and the posterior where both are Gaussian; infinite where the fit went
/// off so far that its covariance is no longer one.
void add_exact_kl(Family& q, Reference* reference, double elbo, double elbo_mcse,
                  std::vector<Metric>& metrics) {
  if (!reference || !q.gaussian_form()) return;
  const auto posterior = reference->gaussian();
  if (!posterior) return;
  Eigen::VectorXd mean(q.dimension());
  Eigen::MatrixXd covariance(q.dimension(), q.dimension());
  q.gaussian_form()->moments(mean, covariance);
  const bool proper = mean.allFinite() && covariance.allFinite() &&
                      Eigen::LLT<Eigen::MatrixXd>(covariance).info() == Eigen::Success;
  const auto divergence = [&](Vector m1, Draws s1, Vector m2, Draws s2) {
    return proper ? gaussian_kl(m1, s1, m2, s2) : infinity;
  };
  const double kl = divergence(mean, covariance, posterior->mean, posterior->covariance);
  metrics.push_back(
      {"kl_to_posterior", kl, not_a_number, "nats", "KL(q || posterior), closed form"});
  metrics.push_back({"kl_from_posterior",
                     divergence(posterior->mean, posterior->covariance, mean, covariance),
                     not_a_number, "nats", "KL(posterior || q), closed form"});
  if (const auto evidence = reference->log_evidence())
    metrics.push_back({"free_energy_residual", evidence->value - kl - elbo,
                       std::hypot(elbo_mcse, evidence->standard_error), "nats",
                       "log evidence - KL(q || posterior) - ELBO; 0 up to Monte-Carlo error"});
}

/// The first columns of blocks that come one after the other.
class FirstColumns {
 public:
  FirstColumns(Index rows, Index most) : columns_(rows, most) {}
  void add(Draws x) {
    const Index n = std::min(x.cols(), columns_.cols() - count_);
    columns_.middleCols(count_, n) = x.leftCols(n);
    count_ += n;
  }
  auto columns() const { return columns_.leftCols(count_); }

 private:
  Eigen::MatrixXd columns_;
  Index count_ = 0;
};

void add_gradient_noise(Ingredients& cell, Fit& fit, std::vector<Metric>& metrics) {
  const auto noise =
      gradient_noise(cell, fit, cell.stream("gradient variance"), cell.evaluation.gradient_draws);
  if (!noise) return;
  metrics.push_back({"gradient_variance", noise->variance.value, noise->variance.standard_error, "",
                     "variance of one gradient estimate at the end point, summed over parameters"});
  metrics.push_back({"gradient_snr", noise->signal_to_noise.value,
                     noise->signal_to_noise.standard_error, "",
                     "norm of the mean gradient at the end point over the root of its variance"});
}

}  // namespace

Eigen::VectorXd elbo_terms(Ingredients& cell, Fit& fit, RandomStream stream, Index draws) {
  Family* q = cell.estimator->approximation(fit);
  Density* p = cell.model->density();
  if (!q || !p) return {};
  Eigen::VectorXd difference(draws);
  Index done = 0;
  for_fresh_draws(*q, *p, stream, draws, [&](Draws, Vector log_q, Vector log_p) {
    difference.segment(done, log_q.size()) = log_p - log_q;
    done += log_q.size();
  });
  return difference;
}

ElboEstimate estimate_elbo(Ingredients& cell, Fit& fit, RandomStream stream, Index draws) {
  const Eigen::VectorXd terms = elbo_terms(cell, fit, stream, draws);
  if (terms.size() < 2) return {not_a_number, not_a_number};
  return mean_with_error(terms);
}

namespace {

std::vector<Metric> measure(Ingredients& cell, Fit& fit, const std::string& prefix,
                            CellWriter& writer) {
  std::vector<Metric> metrics;
  if (!cell.estimator->trained().empty())
    for (const auto& owned : cell.parameters())
      write_parameters(*owned.parameters, owned.prefix, writer);

  Density* p = cell.model->density();
  Family* q = cell.estimator->approximation(fit);
  if (ItemEvaluation::applies(cell)) add_item_metrics(cell, writer, metrics);
  if (!p) return metrics;
  if (const Particles* particles = cell.estimator->particles()) {
    write_particles(*particles, *p, prefix, writer);
    add_particle_metrics(*particles, cell, *cell.model, prefix, writer, metrics);
    return metrics;
  }
  if (!q) return metrics;

  DrawGroups groups(
      *p, 1,
      {{"lp", "log density of the target", "nats"},
       {"log_q", "log density of the approximation", "nats"},
       {"log_weight", "normalised log weight, Pareto-smoothed, for resampling", "nats"}},
      prefix, writer);
  const Eigen::VectorXd log_weights = smoothed_weights(*q, *p, cell);
  Index stored = 0;
  for_fresh_draws(*q, *p, cell.stream("draws"), cell.settings.draws,
                  [&](Draws z, Vector log_q, Vector log_p) {
                    Eigen::MatrixXd statistics(3, z.cols());
                    statistics << log_p.transpose(), log_q.transpose(),
                        log_weights.segment(stored, z.cols()).transpose();
                    groups.append(0, z, statistics);
                    stored += z.cols();
                  });

  const Index draws = cell.evaluation.draws, variables = groups.variable_count();
  Eigen::VectorXd difference(draws);
  RunningMoments moments(variables);
  Eigen::MatrixXd x(variables, block);
  FirstColumns compared(variables, std::min(draws, distance_draws(variables)));
  FirstColumns unconstrained(p->dimension(), std::min(draws, cell.evaluation.kernel_draws));
  Index done = 0;
  for_fresh_draws(*q, *p, cell.stream("evaluation"), draws,
                  [&](Draws z, Vector log_q, Vector log_p) {
                    difference.segment(done, z.cols()) = log_p - log_q;
                    done += z.cols();
                    p->constrain(z, x.leftCols(z.cols()));
                    moments.add(x.leftCols(z.cols()));
                    compared.add(x.leftCols(z.cols()));
                    unconstrained.add(z);
                  });

  const ElboEstimate elbo = mean_with_error(difference);
  metrics.push_back(
      {"elbo", elbo.value, elbo.mcse, "nats", "evidence lower bound, from fresh draws"});
  metrics.push_back(
      {"non_finite_draws", double(difference.size() - difference.array().isFinite().count()),
       not_a_number, "", "evaluation draws whose log density or log q is not finite"});
  const Psis smoothed = psis(difference);
  const Estimate evidence = psis_log_evidence(smoothed);
  metrics.push_back({"log_evidence_psis", evidence.value, evidence.standard_error, "nats",
                     "log evidence by Pareto-smoothed importance sampling from the fit; no error "
                     "where k-hat is above 0.5"});
  metrics.push_back(pareto_k_metric(difference, smoothed));

  Reference* reference = cell.model->reference();
  if (reference)
    if (const auto known = reference->log_evidence()) {
      metrics.push_back({"log_evidence", known->value, known->standard_error, "nats",
                         "known log evidence of the model"});
      metrics.push_back({"kl_monte_carlo", known->value - elbo.value,
                         std::hypot(elbo.mcse, known->standard_error), "nats",
                         "KL(q || posterior) as log evidence - ELBO"});
    }
  add_exact_kl(*q, reference, elbo.value, elbo.mcse, metrics);
  const ReferenceSample sample = reference_sample(*cell.model, variables, distance_draws(variables),
                                                  cell.stream("reference draws"));
  if (sample.z.cols() > 1)
    add_upper_bounds(*q, *p, sample.z, reference->log_evidence().value_or(no_estimate), metrics);
  add_distances(
      {compared.columns(),
       Eigen::VectorXd::Constant(variables, double(draws)),
       {moments.mean(), moments.sd(), moments.mean_standard_error(), moments.sd_standard_error()}},
      *cell.model, sample, cell.evaluation, cell.stream("distances"), prefix, writer, metrics);
  add_stein_discrepancy(*p, unconstrained.columns(), metrics);
  add_gradient_noise(cell, fit, metrics);
  return metrics;
}

}  // namespace

std::vector<Metric> evaluate_fit(Ingredients& cell, Fit& fit, const std::string& prefix,
                                 CellWriter& writer) {
  std::vector<Metric> metrics = measure(cell, fit, prefix, writer);
  for (Metric& metric : metrics) metric.name.insert(0, prefix);
  return metrics;
}

}  // namespace elbow
