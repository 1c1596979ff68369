#include "cell/evaluate_fit.hpp"

#include <Eigen/Cholesky>
#include <cmath>
#include <elbow/math.hpp>
#include <functional>

#include "cell/draw_groups.hpp"
#include "cell/moments.hpp"
#include "cell/pareto_k_metric.hpp"
#include "cell/particle_metrics.hpp"

namespace elbow {
namespace {

constexpr Index block = 1000;

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

/// Variance of the gradient estimate over repeated estimates at the same parameters.
void add_gradient_variance(Ingredients& cell, Fit& fit, std::vector<Metric>& metrics) {
  GradientEstimator* estimator = cell.estimator->gradient_estimator();
  const Index repeats = cell.evaluation.gradient_draws;
  if (!estimator || repeats < 2 || cell.settings.batch_size > 0) return;
  std::vector<Gradient> gradients;
  std::vector<GradientOut> outs;
  gradients.reserve(estimator->trained().size());
  for (const Parameters* parameters : estimator->trained()) gradients.emplace_back(*parameters);
  for (Gradient& gradient : gradients) outs.push_back(gradient.out());
  Index size = 0;
  for (const Parameters* parameters : estimator->trained()) size += parameters->size();

  const RandomStream stream = cell.stream("gradient variance");
  RunningMoments moments(size);
  Eigen::VectorXd flat(size), trace(Index(estimator->own_fields().size()));
  Fit measured{*cell.model, fit.family, fit.optimizer, fit.iteration, stream, {}};
  for (Index r = 0; r < repeats; ++r) {
    for (Gradient& gradient : gradients) gradient.set_zero();
    measured.stream = stream.substream(std::uint64_t(r));
    estimator->value_and_gradient(measured, outs, trace);
    Index at = 0;
    for (const Gradient& gradient : gradients) {
      flat.segment(at, gradient.f64().size()) = gradient.f64();
      at += gradient.f64().size();
      flat.segment(at, gradient.f32().size()) = gradient.f32().cast<double>();
      at += gradient.f32().size();
    }
    moments.add(flat);
  }
  const Eigen::VectorXd variance = moments.sd().cwiseAbs2();
  const Eigen::VectorXd variance_error = 2 * moments.sd().cwiseProduct(moments.sd_standard_error());
  metrics.push_back({"gradient_variance", variance.sum(), variance_error.norm(), "",
                     "variance of one gradient estimate at the end point, summed over parameters"});
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
  for (Parameters* parameters : cell.estimator->trained()) write_parameters(*parameters, writer);

  Density* p = cell.model->density();
  Family* q = cell.estimator->approximation(fit);
  if (!p) return metrics;
  if (const Particles* particles = cell.estimator->particles()) {
    write_particles(*particles, *p, prefix, writer);
    add_particle_metrics(*particles, cell, *cell.model, metrics);
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

  const Index draws = cell.evaluation.draws;
  Eigen::VectorXd difference(draws);
  RunningMoments moments(groups.variable_count());
  Eigen::MatrixXd x(groups.variable_count(), block);
  Index done = 0;
  for_fresh_draws(*q, *p, cell.stream("evaluation"), draws,
                  [&](Draws z, Vector log_q, Vector log_p) {
                    difference.segment(done, z.cols()) = log_p - log_q;
                    done += z.cols();
                    p->constrain(z, x.leftCols(z.cols()));
                    moments.add(x.leftCols(z.cols()));
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
  if (const auto known =
          reference_moments(*cell.model, groups.variable_count(), cell.stream("reference")))
    add_moment_errors(
        {moments.mean(), moments.sd(), moments.mean_standard_error(), moments.sd_standard_error()},
        *known, metrics);
  add_gradient_variance(cell, fit, metrics);
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
