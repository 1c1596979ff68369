#include "cell/moments.hpp"

#include <cmath>
#include <elbow/error.hpp>

namespace elbow {

RunningMoments::RunningMoments(Index rows)
    : mean_(Eigen::VectorXd::Zero(rows)),
      m2_(Eigen::VectorXd::Zero(rows)),
      m3_(Eigen::VectorXd::Zero(rows)),
      m4_(Eigen::VectorXd::Zero(rows)) {}

void RunningMoments::add(Draws x) {
  for (Index s = 0; s < x.cols(); ++s) {
    const double n = double(++count_);
    const auto delta = (x.col(s) - mean_).array().eval();
    const auto step = (delta / n).eval();
    const auto product = (delta * step * (n - 1)).eval();
    mean_.array() += step;
    m4_.array() += product * step.square() * (n * n - 3 * n + 3) + 6 * step.square() * m2_.array() -
                   4 * step * m3_.array();
    m3_.array() += product * step * (n - 2) - 3 * step * m2_.array();
    m2_.array() += product;
  }
}

Eigen::VectorXd RunningMoments::sd() const { return (m2_ / double(count_ - 1)).cwiseSqrt(); }

Eigen::VectorXd RunningMoments::mean_standard_error() const {
  return sd() / std::sqrt(double(count_));
}

Eigen::VectorXd RunningMoments::sd_standard_error() const {
  const double n = double(count_);
  const auto variance = (m2_ / n).array();
  return ((m4_.array() / n - variance.square()).cwiseMax(0) / n).sqrt() / (2 * variance.sqrt());
}

namespace {

MomentEstimates estimates(const RunningMoments& moments) {
  return {moments.mean(), moments.sd(), moments.mean_standard_error(), moments.sd_standard_error()};
}

void require_length(const char* what, const Eigen::VectorXd& values, Index expected) {
  if (values.size() != expected)
    throw Error(std::string("Reference::moments gives ") + what + " of length " +
                std::to_string(values.size()) + ", expected " + std::to_string(expected) +
                ", the number of constrained variables");
}

}  // namespace

MomentEstimates weighted_moments(Draws x, Vector weights) {
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(x.rows());
  MomentEstimates m{zero, zero, zero, zero};
  const auto for_each = [&](auto&& add) {
    for (Index s = 0; s < x.cols(); ++s)
      if (weights[s] > 0) add(weights[s], x.col(s).array());
  };
  for_each([&](double w, const auto& at) { m.mean.array() += w * at; });
  Eigen::ArrayXd variance = zero.array();
  for_each([&](double w, const auto& at) {
    const auto square = (at - m.mean.array()).square().eval();
    variance += w * square;
    m.mean_standard_error.array() += w * w * square;
  });
  for_each([&](double w, const auto& at) {
    const auto excess = ((at - m.mean.array()).square() - variance).eval();
    m.sd_standard_error.array() += w * w * excess.square();
  });
  m.mean_standard_error = m.mean_standard_error.cwiseSqrt().eval();
  m.sd_standard_error = (m.sd_standard_error.array().sqrt() / (2 * variance.sqrt())).eval();
  // As n / (n - 1) for equal weights.
  m.sd = (variance / (1 - weights.squaredNorm())).sqrt();
  return m;
}

std::optional<MomentEstimates> reference_moments(Model& model, Index variables,
                                                 RandomStream stream) {
  Reference* reference = model.reference();
  if (!reference) return {};
  if (auto known = reference->moments()) {
    require_length("a mean", known->mean, variables);
    require_length("an sd", known->sd, variables);
    require_length("a mean_standard_error", known->mean_standard_error, variables);
    require_length("an sd_standard_error", known->sd_standard_error, variables);
    return MomentEstimates{known->mean, known->sd, known->mean_standard_error,
                           known->sd_standard_error};
  }
  RunningMoments moments(variables);
  if (const Eigen::MatrixXd draws = reference->reference_draws(); draws.cols() > 1) {
    if (draws.rows() != variables)
      throw Error("Reference::reference_draws has " + std::to_string(draws.rows()) +
                  " rows, expected " + std::to_string(variables) +
                  ", the number of constrained variables");
    moments.add(draws);
    return estimates(moments);
  }
  if (!reference->has_exact_sampler()) return {};
  constexpr Index block = 1000, blocks = 100;
  Eigen::MatrixXd z(model.density()->dimension(), block), x(variables, block);
  for (Index b = 0; b < blocks; ++b) {
    reference->sample(stream, z);
    model.density()->constrain(z, x);
    moments.add(x);
  }
  return estimates(moments);
}

namespace {

/// The largest and the root mean square of standardised errors, each with its standard error.
void add_errors(const std::string& name, const std::string& of, const Eigen::VectorXd& error,
                const Eigen::VectorXd& standard_error, std::vector<Metric>& metrics) {
  Index worst;
  const double largest = error.cwiseAbs().maxCoeff<Eigen::PropagateNaN>(&worst);
  metrics.push_back({name + "_max", largest, standard_error[worst], "",
                     "largest error of a " + of + ", in posterior standard deviations"});
  const double rms = std::sqrt(error.squaredNorm() / double(error.size()));
  const double rms_error = error.cwiseProduct(standard_error).norm() / (rms * double(error.size()));
  metrics.push_back(
      {name + "_rms", rms, rms > 0 ? rms_error : 0, "",
       "root mean square error of the " + of + "s, in posterior standard deviations"});
}

}  // namespace

std::vector<Index> usable_variables(const MomentEstimates& reference) {
  std::vector<Index> usable;
  for (Index c = 0; c < reference.sd.size(); ++c)
    if (std::isfinite(reference.mean[c]) && std::isfinite(reference.sd[c]) && reference.sd[c] > 0)
      usable.push_back(c);
  return usable;
}

void add_moment_errors(const MomentEstimates& estimate, const MomentEstimates& reference,
                       std::vector<Metric>& metrics) {
  const std::vector<Index> usable = usable_variables(reference);
  if (usable.empty()) return;
  const Eigen::VectorXd sd = reference.sd(usable);
  const auto standardised_error = [&](const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
    return (a(usable).array().square() + b(usable).array().square())
        .sqrt()
        .matrix()
        .cwiseQuotient(sd)
        .eval();
  };
  add_errors("mean_error", "mean", (estimate.mean - reference.mean)(usable).cwiseQuotient(sd),
             standardised_error(estimate.mean_standard_error, reference.mean_standard_error),
             metrics);
  add_errors("sd_error", "standard deviation",
             (estimate.sd - reference.sd)(usable).cwiseQuotient(sd),
             standardised_error(estimate.sd_standard_error, reference.sd_standard_error), metrics);
}

}  // namespace elbow
