// What a model says of its own posterior, each answer against the others.

#include <Eigen/Cholesky>
#include <elbow/math.hpp>
#include <optional>

#include "check/mean.hpp"
#include "check/points.hpp"

namespace elbow::check {
namespace {

constexpr Index exact_draws = 20000;
constexpr Index most_dimensions = 10;
constexpr double enough_draws = 500;  ///< effective ones, for a standard deviation

Eigen::MatrixXd draw(Reference& reference, Index dimension, Index count) {
  Eigen::MatrixXd z(dimension, count);
  RandomStream numbers = stream("exact draws");
  reference.sample(numbers, z);
  return z;
}

/// Means and standard deviations of constrained variables over exact draws.
Outcome moments(const Bench& bench) {
  const Made<Model> model = bench.subject.model();
  Reference& reference = *model->reference();
  const std::optional<Reference::Moments> known = reference.moments();
  if (!known) return not_applicable("moments() gives nothing");
  if (!reference.has_exact_sampler() || !model->density())
    return not_applicable("there is no exact sampler to compare with");
  Index size = 0;
  for (const Variable& variable : model->density()->variables()) size += variable.size();
  if (known->mean.size() != size || known->sd.size() != size ||
      known->mean_standard_error.size() != size || known->sd_standard_error.size() != size)
    return failed("moments have sizes ", known->mean.size(), ", ", known->sd.size(), ", ",
                  known->mean_standard_error.size(), " and ", known->sd_standard_error.size(),
                  "; the variables have ", size, " numbers");
  Eigen::MatrixXd x(size, exact_draws);
  model->density()->constrain(draw(reference, model->density()->dimension(), exact_draws), x);
  FarthestPair farthest;
  Index heavy = 0;
  for (Index c = 0; c < size; ++c) {
    const Eigen::VectorXd values = x.row(c);
    const Estimate mean = mean_of(values);
    const Eigen::VectorXd squares = (values.array() - mean.value).square();
    const Estimate variance = mean_of(squares);
    const double sd = std::sqrt(variance.value);
    farthest.add(say("mean of number ", c), {known->mean[c], known->mean_standard_error[c]}, mean);
    // Where few draws make up most of the variance, its standard error is no measure of its error.
    if (std::pow(squares.sum(), 2) < enough_draws * squares.squaredNorm()) {
      ++heavy;
      continue;
    }
    farthest.add(say("standard deviation of number ", c),
                 {known->sd[c], known->sd_standard_error[c]},
                 {sd, sd > 0 ? variance.standard_error / (2 * sd) : 0});
  }
  Outcome outcome = farthest.outcome();
  if (heavy > 0)
    outcome.detail += say("; ", heavy, " standard deviations too heavy-tailed to tell");
  return outcome;
}

/// Where the posterior is Gaussian, log density minus log N(z; mean, covariance) is the evidence.
Outcome gaussian(const Bench& bench) {
  if (!bench.subject.can(Ability::density)) return not_applicable("there is no density");
  const DensityBench made = density_bench(bench.subject);
  Reference& reference = *made.model->reference();
  const auto known = reference.gaussian();
  if (!known) return not_applicable("gaussian() gives nothing");
  const Eigen::LLT<Eigen::MatrixXd> factor(known->covariance);
  if (factor.info() != Eigen::Success) return failed("the covariance is not positive definite");
  const Eigen::MatrixXd white = factor.matrixL().solve(made.z.colwise() - known->mean);
  const double log_determinant = 2 * factor.matrixLLT().diagonal().array().log().sum();
  const Eigen::VectorXd log_q = -0.5 * (white.colwise().squaredNorm().transpose().array() +
                                        log_determinant + double(made.z.rows()) * log_2pi);
  const Eigen::VectorXd log_p = log_density(made.density, made.z);
  const Eigen::VectorXd evidence = log_p - log_q;
  const double scale = std::max({1.0, log_p.cwiseAbs().maxCoeff(), log_q.cwiseAbs().maxCoeff()});
  const double spread = evidence.maxCoeff() - evidence.minCoeff();
  if (!(spread <= 1e-5 * scale))
    return failed("log density - log N varies by ", spread, " over the points");
  if (const auto stated = reference.log_evidence();
      stated && !(std::abs(stated->value - evidence.mean()) <=
                  1e-5 * scale + standard_errors * stated->standard_error))
    return failed("log density - log N is ", evidence.mean(), ", the log evidence ", stated->value);
  return passed("log density - log N varies by ", spread);
}

/// A multivariate t with 5 degrees of freedom, fitted to draws and 1.3 times as wide: its tails are
/// heavier than those of most posteriors.
struct Proposal {
  Eigen::VectorXd mean;
  Eigen::LLT<Eigen::MatrixXd> factor;
  static constexpr double freedom = 5;

  explicit Proposal(const Eigen::MatrixXd& draws) : mean(draws.rowwise().mean()) {
    const Eigen::MatrixXd centred = draws.colwise() - mean;
    factor.compute(1.7 * centred * centred.transpose() / double(draws.cols()));
  }
  Eigen::MatrixXd draw(Index count) const {
    RandomStream numbers = stream("proposal");
    Eigen::MatrixXd z(mean.size(), count);
    numbers.fill_normal(z);
    z = factor.matrixL() * z;
    for (Index s = 0; s < count; ++s) {
      double chi_squared = 0;
      for (int k = 0; k < int(freedom); ++k) chi_squared += std::pow(numbers.normal(), 2);
      z.col(s) *= std::sqrt(freedom / chi_squared);
    }
    return z.colwise() + mean;
  }
  Eigen::VectorXd log_density(const Eigen::MatrixXd& z) const {
    const double d = double(mean.size());
    const Eigen::MatrixXd white = factor.matrixL().solve(z.colwise() - mean);
    const double constant = std::lgamma((freedom + d) / 2) - std::lgamma(freedom / 2) -
                            d / 2 * std::log(freedom * pi) -
                            factor.matrixLLT().diagonal().array().log().sum();
    return (constant -
            (freedom + d) / 2 * (white.colwise().squaredNorm().array() / freedom).log1p())
        .transpose();
  }
};

Outcome evidence(const Bench& bench) {
  const Made<Model> model = bench.subject.model();
  Reference& reference = *model->reference();
  const auto known = reference.log_evidence();
  if (!known) return not_applicable("log_evidence() gives nothing");
  Density* density = model->density();
  if (!density) return not_applicable("there is no density");
  if (!reference.has_exact_sampler())
    return not_applicable("there is no exact sampler to fit a proposal to");
  const Index dimension = density->dimension();
  if (dimension > most_dimensions)
    return not_applicable("D = ", dimension, " is above ", most_dimensions,
                          ", where importance sampling is not a test");
  const Proposal proposal(draw(reference, dimension, 4000));
  const Eigen::MatrixXd z = proposal.draw(exact_draws);
  const Eigen::VectorXd log_w = log_density(*density, z) - proposal.log_density(z);
  const double top = log_w.maxCoeff();
  const Eigen::VectorXd weights = (log_w.array() - top).exp();
  const double effective = std::pow(weights.sum(), 2) / weights.squaredNorm();
  if (effective < 0.02 * double(exact_draws))
    return not_applicable("a Student-t fits too badly: ", effective, " effective draws of ",
                          exact_draws);
  const Estimate mean = mean_of(weights);
  const Estimate estimate{top + std::log(mean.value), mean.standard_error / mean.value};
  FarthestPair farthest;
  farthest.add("log evidence", *known, estimate);
  return farthest.outcome();
}

Outcome draws(const Bench& bench) {
  const Made<Model> model = bench.subject.model();
  const Eigen::MatrixXd known = model->reference()->reference_draws();
  if (known.size() == 0) return not_applicable("reference_draws() gives nothing");
  if (!model->density()) return not_applicable("there is no density");
  Index size = 0;
  for (const Variable& variable : model->density()->variables()) size += variable.size();
  return judge(known.rows() == size && known.allFinite(), known.rows(), " x ", known.cols(),
               ", the variables have ", size, " numbers");
}

Outcome exact_sampler(const Bench& bench) {
  const Made<Model> model = bench.subject.model();
  Reference& reference = *model->reference();
  if (!model->density()) return not_applicable("there is no density");
  const Index dimension = model->density()->dimension();
  if (!reference.has_exact_sampler()) {
    Eigen::MatrixXd z(dimension, 1);
    RandomStream numbers = stream("exact draws");
    try {
      reference.sample(numbers, z);
    } catch (const Unsupported&) {
      return not_applicable("there is none");
    }
    return failed("has_exact_sampler() is false, but sample() gives draws");
  }
  const Eigen::MatrixXd z = draw(reference, dimension, 200);
  const Index finite = log_density(*model->density(), z).array().isFinite().count();
  return judge(finite == z.cols(), finite, " of ", z.cols(), " draws have a finite log density");
}

}  // namespace

void check_reference(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::reference)) return;
  report.check("exact draws lie in the support", [&] { return exact_sampler(bench); });
  report.check("moments agree with the exact sampler", [&] { return moments(bench); });
  report.check("the Gaussian posterior is the density", [&] { return gaussian(bench); });
  report.check("the log evidence agrees with importance sampling", [&] { return evidence(bench); });
  report.check("reference draws have the variables' shape", [&] { return draws(bench); });
}

}  // namespace elbow::check
