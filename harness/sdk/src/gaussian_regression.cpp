#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <elbow/error.hpp>
#include <elbow/gaussian_regression.hpp>
#include <elbow/linear_algebra.hpp>

namespace elbow {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using NoisePrior = RegressionPrior::Noise;

/// log p(sigma) at sigma = exp(log_sigma), less its constant.
double noise_prior(const RegressionPrior& prior, double log_sigma) {
  if (prior.noise == NoisePrior::flat) return 0;
  const double twice = 2 * (log_sigma - std::log(prior.noise_scale));
  return prior.noise == NoisePrior::half_normal ? -0.5 * std::exp(twice) : -softplus(twice);
}

/// Its derivative with respect to log sigma.
double noise_prior_slope(const RegressionPrior& prior, double log_sigma) {
  if (prior.noise == NoisePrior::flat) return 0;
  const double twice = 2 * (log_sigma - std::log(prior.noise_scale));
  return prior.noise == NoisePrior::half_normal ? -std::exp(twice) : -2 * sigmoid(twice);
}

double noise_prior_constant(const RegressionPrior& prior) {
  switch (prior.noise) {
    case NoisePrior::flat:
      return 0;
    case NoisePrior::half_normal:
      return 0.5 * std::log(2 / pi) - std::log(prior.noise_scale);
    case NoisePrior::half_cauchy:
      break;
  }
  return std::log(2 / (pi * prior.noise_scale));
}

Index rank_of(const MatrixXd& factor) {
  return Eigen::ColPivHouseholderQR<MatrixXd>(factor).rank();
}

/// The powers of sigma with which its posterior density falls at infinity.
double tail_power(const RegressionPrior& prior, double items, double coefficients) {
  const double of_flat = std::isinf(prior.coefficient_scale) ? coefficients : 0;
  return items - of_flat + (prior.noise == NoisePrior::half_cauchy ? 2 : 0);
}

void refuse_improper(const RegressionPrior& prior, const VectorXd& y, double unexplained,
                     const MatrixXd& factor) {
  const double items = double(y.size());
  if (y.size() > factor.rows() && unexplained <= 1e-28 * y.squaredNorm())
    throw OptionError(
        "the covariates explain the response exactly: the posterior of sigma is improper");
  if (std::isfinite(prior.coefficient_scale) && prior.noise != NoisePrior::flat) return;
  const Index coefficients = factor.cols();
  if (std::isinf(prior.coefficient_scale)) {
    const Index rank = rank_of(factor);
    if (rank < coefficients)
      throw OptionError("with flat priors of " + std::to_string(coefficients) +
                        " coefficients the posterior is improper: the rank of the covariates is " +
                        std::to_string(rank));
    if (items <= double(coefficients))
      throw OptionError("with flat priors of " + std::to_string(coefficients) +
                        " coefficients the posterior is improper: there are " +
                        std::to_string(Index(items)) + " rows");
  }
  if (prior.noise == NoisePrior::flat && tail_power(prior, items, double(coefficients)) <= 1)
    throw OptionError("with a flat prior of the noise the posterior is improper: there are " +
                      std::to_string(Index(items)) + " rows");
}

}  // namespace

GaussianRegression::GaussianRegression(const MatrixXd& x, const VectorXd& y,
                                       const RegressionPrior& prior,
                                       std::vector<Variable> coefficients)
    : coefficients_(std::move(coefficients)), prior_(prior), items_(double(y.size())) {
  const Index columns = x.cols(), rows = std::min(x.rows(), columns);
  const Eigen::HouseholderQR<MatrixXd> qr(x);
  factor_ = qr.matrixQR().topRows(rows).triangularView<Eigen::Upper>();
  transposed_ = factor_.transpose();
  const VectorXd rotated = qr.householderQ().adjoint() * y;
  response_ = rotated.head(rows);
  unexplained_ = rotated.tail(y.size() - rows).squaredNorm();
  refuse_improper(prior_, y, unexplained_, factor_);
  constant_ = -0.5 * items_ * log_2pi + noise_prior_constant(prior_);
  if (std::isfinite(prior_.coefficient_scale))
    constant_ -= double(columns) * (0.5 * log_2pi + std::log(prior_.coefficient_scale));
}

Eigen::VectorXd RegressionPrior::draw(Index coefficients, RandomStream& stream) const {
  if (!std::isfinite(coefficient_scale) || noise == Noise::flat)
    throw OptionError(
        "a flat prior has no draws: the coefficients' and the noise's must be proper");
  Eigen::VectorXd drawn(coefficients + 1);
  stream.fill_normal(drawn);
  drawn.head(coefficients) *= coefficient_scale;
  double& sigma = drawn[coefficients];
  // The ratio of two normal numbers is a Cauchy one.
  sigma = noise_scale * std::abs(noise == Noise::half_cauchy ? sigma / stream.normal() : sigma);
  return drawn;
}

std::vector<Variable> GaussianRegression::variables() const {
  std::vector<Variable> all = coefficients_;
  all.push_back({"sigma", {}, {}, ""});
  return all;
}

void GaussianRegression::constrain(Draws z, DrawsOut x) const {
  x = z;
  x.bottomRows(1) = z.bottomRows(1).array().exp();
}

void GaussianRegression::log_density(Draws z, VectorOut log_p) {
  log_density_gradient(z, log_p, unwanted());
}

void GaussianRegression::log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) {
  const Index columns = factor_.cols(), draws = z.cols();
  if (residual_.cols() < draws) residual_.resize(factor_.rows(), draws);
  auto residual = residual_.leftCols(draws);
  residual.colwise() = response_;
  add_product(-1, factor_, z.topRows(columns), residual);
  const double prior_precision = 1 / (prior_.coefficient_scale * prior_.coefficient_scale);
  for (Index s = 0; s < draws; ++s) {
    const double log_sigma = z(columns, s), precision = std::exp(-2 * log_sigma);
    const double squares = unexplained_ + residual.col(s).squaredNorm();
    log_p[s] = constant_ + (1 - items_) * log_sigma + noise_prior(prior_, log_sigma) -
               0.5 * (precision * squares + prior_precision * z.col(s).head(columns).squaredNorm());
    if (gradient.size() == 0) continue;
    gradient.col(s).head(columns) = -prior_precision * z.col(s).head(columns);
    gradient(columns, s) = 1 - items_ + precision * squares + noise_prior_slope(prior_, log_sigma);
    residual.col(s) *= precision;
  }
  if (gradient.size() > 0) add_product(1, transposed_, residual, gradient.topRows(columns));
  mark_outside_support(z, log_p, gradient);
}

struct GaussianRegression::Quadrature {
  double evidence;
  Moments moments;
};

// In the basis of X = Q U S V^T the coefficients V^T beta are independent given sigma.
const GaussianRegression::Quadrature& GaussianRegression::quadrature() const {
  if (quadrature_) return *quadrature_;
  const Index columns = factor_.cols(), rank = factor_.rows();
  const Eigen::JacobiSVD<MatrixXd> svd(factor_, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const ArrayXd scale = svd.singularValues().array();
  const ArrayXd response = (svd.matrixU().transpose() * response_).array();
  const bool flat = std::isinf(prior_.coefficient_scale);
  const double prior_variance = prior_.coefficient_scale * prior_.coefficient_scale;

  /// log of p(y | sigma) p(sigma) sigma, the integrand over log sigma.
  const auto integrand = [&](double log_sigma) {
    const double variance = std::exp(2 * log_sigma);
    double log_p = noise_prior_constant(prior_) + noise_prior(prior_, log_sigma) + log_sigma -
                   0.5 * (items_ - double(rank)) * (log_2pi + 2 * log_sigma);
    if (unexplained_ > 0) log_p -= 0.5 * unexplained_ / variance;
    if (flat) return log_p - scale.log().sum();
    const ArrayXd spread = variance + scale.square() * prior_variance;
    return log_p -
           0.5 * (double(rank) * log_2pi + (spread.log() + response.square() / spread).sum());
  };

  // The peak, then as far to both sides as the integrand, times the highest power of sigma that has
  // a mean, is above e^-80 of it.
  const double tail = prior_.noise == NoisePrior::half_normal
                          ? infinity
                          : tail_power(prior_, items_, double(columns));
  const double power = tail > 3 ? 2 : tail > 2 ? 1 : 0;
  const double middle = 0.5 * std::log((unexplained_ + response.square().sum()) / items_);
  const double centre = std::isfinite(middle) ? middle : 0;
  double peak = centre;
  for (double u = centre - 100; u < centre + 100; u += 0.01)
    if (integrand(u) > integrand(peak)) peak = u;
  const auto reach = [&](double direction) {
    double far = 0.01;
    while (far < 250 && integrand(peak + direction * far) + power * std::max(0.0, direction * far) >
                            integrand(peak) - 80)
      far *= 1.1;
    return peak + direction * far;
  };
  const double low = reach(-1), high = reach(1);
  constexpr Index nodes = 4001;
  const double spacing = (high - low) / double(nodes - 1);

  VectorXd log_weight(nodes), sigma(nodes);
  MatrixXd means = MatrixXd::Zero(columns, nodes), variances(columns, nodes);
  for (Index i = 0; i < nodes; ++i) {
    const double u = low + spacing * double(i), variance = std::exp(2 * u);
    log_weight[i] = std::log(spacing) + integrand(u);
    sigma[i] = std::exp(u);
    variances.col(i).setConstant(prior_variance);
    const ArrayXd denominator = scale.square() + variance / prior_variance;
    means.col(i).head(rank) = scale * response / denominator;
    variances.col(i).head(rank) = variance / denominator;
  }
  auto made = std::make_shared<Quadrature>();
  made->evidence = log_sum_exp(log_weight);
  const VectorXd weight = (log_weight.array() - made->evidence).exp();
  means = svd.matrixV() * means;
  variances = svd.matrixV().cwiseAbs2() * variances;
  Moments& m = made->moments;
  m.mean.resize(columns + 1);
  m.sd.resize(columns + 1);
  m.mean << means * weight, sigma.dot(weight);
  for (Index d = 0; d < columns; ++d)
    m.sd[d] = std::sqrt((variances.row(d).array() + (means.row(d).array() - m.mean[d]).square())
                            .matrix()
                            .dot(weight));
  m.sd[columns] = std::sqrt((sigma.array() - m.mean[columns]).square().matrix().dot(weight));
  // Given sigma flat coefficients have a variance in proportion to sigma^2, as has sigma itself.
  if (tail <= 3) {
    m.sd[columns] = infinity;
    if (flat) m.sd.setConstant(infinity);
  }
  if (tail <= 2) m.mean[columns] = infinity;
  m.mean_standard_error = m.sd_standard_error = VectorXd::Zero(columns + 1);
  quadrature_ = std::move(made);
  return *quadrature_;
}

std::optional<Estimate> GaussianRegression::log_evidence() const {
  return Estimate{quadrature().evidence, 0};
}
std::optional<Reference::Moments> GaussianRegression::moments() const {
  return quadrature().moments;
}

}  // namespace elbow
