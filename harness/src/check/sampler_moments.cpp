// A sampler leaves its target as it is: moments from exact starts, over many independent chains.

#include "check/allocations.hpp"
#include "check/chains.hpp"
#include "check/mean.hpp"
#include "check/targets.hpp"

namespace elbow::check {
namespace {

constexpr Index chains = 256, warmup = 200, draws = 300;

/// Means of z and of z^2 for every chain. [2 D x chains]
template <class Target>
Eigen::MatrixXd chain_moments(const Subject& subject, Target& target) {
  Eigen::MatrixXd start(target.dimension(), chains);
  RandomStream numbers = stream("exact starts");
  target.sample(numbers, start);
  Chains run(subject, target, start, warmup, draws);
  for (Index i = 0; i < warmup; ++i) run.transition();
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(2 * target.dimension(), chains);
  for (Index i = 0; i < draws; ++i) {
    run.transition();
    sums.topRows(target.dimension()) += run.z();
    sums.bottomRows(target.dimension()) += run.z().cwiseAbs2();
  }
  return sums / double(draws);
}

/// Means of z and of z^2 over the weighted particles of populations run anew, and their evidence.
/// [2 D + 1 x populations]
template <class Target>
Eigen::MatrixXd population_moments(const Subject& subject, Target& target, double known_evidence) {
  const Index populations = 24, particles = 400, most = 400;
  Eigen::MatrixXd all(2 * target.dimension() + 1, populations);
  for (Index p = 0; p < populations; ++p) {
    const Eigen::MatrixXd start =
        normals("start " + std::to_string(p), target.dimension(), particles);
    Chains run(subject, target, start, warmup, draws, p * particles, "populations");
    for (Index i = 0; i < most && run.transition() == Progress::going; ++i) continue;
    const Eigen::VectorXd weights =
        (run.log_weights().array() - run.log_weights().maxCoeff()).exp();
    const Eigen::VectorXd w = weights / weights.sum();
    all.col(p) << run.z() * w, run.z().cwiseAbs2() * w,
        std::exp(run.log_evidence() - known_evidence);
  }
  return all;
}

template <class Target>
Outcome stationary(const Subject& subject, Target& target, const Eigen::VectorXd& first,
                   const Eigen::VectorXd& second, double log_evidence) {
  if (const std::string reason = cannot_sample(subject); !reason.empty())
    return not_applicable(reason);
  const bool population = subject.info.population;
  const Eigen::MatrixXd found = population ? population_moments(subject, target, log_evidence)
                                           : chain_moments(subject, target);
  const Index dimension = target.dimension();
  FarthestPair farthest;
  for (Index d = 0; d < dimension; ++d) {
    farthest.add(say("mean of coordinate ", d), mean_of(found.row(d).transpose()), {first[d], 0});
    farthest.add(say("mean square of coordinate ", d),
                 mean_of(found.row(dimension + d).transpose()), {second[d], 0});
  }
  // Without increments the method says nothing about the evidence.
  if (population && (found.row(2 * dimension).array() != std::exp(-log_evidence)).any())
    farthest.add("evidence over its true value", mean_of(found.row(2 * dimension).transpose()),
                 {1, 0});
  return farthest.outcome();
}

Outcome gaussian(const Subject& subject) {
  GaussianTarget target;
  const Eigen::VectorXd second = target.covariance().diagonal() + target.mean().cwiseAbs2();
  return stationary(subject, target, target.mean(), second, target.log_evidence());
}

/// Digamma(3) and trigamma(3) are the mean and the variance of the logarithm of a Gamma(3, 1)
/// number.
Outcome skewed(const Subject& subject) {
  SkewedTarget target;
  const double digamma = 0.92278433509846714, trigamma = 0.39493406684822644;
  return stationary(subject, target, Eigen::Vector2d(digamma, 0),
                    Eigen::Vector2d(trigamma + digamma * digamma, 1), 0);
}

Outcome moves(const Subject& subject) {
  if (const std::string reason = cannot_sample(subject); !reason.empty())
    return not_applicable(reason);
  GaussianTarget target;
  Chains run(subject, target, Eigen::MatrixXd::Zero(3, 8), warmup, draws);
  const Eigen::MatrixXd start = run.z();
  for (Index i = 0; i < 50 && run.transition() == Progress::going; ++i) continue;
  const Index still = (run.z() - start).colwise().squaredNorm().cwiseEqual(0.0).count();
  return judge(still == 0, still, " of 8 chains have not moved in 50 transitions");
}

Outcome allocations(const Subject& subject) {
  if (const std::string reason = cannot_sample(subject); !reason.empty())
    return not_applicable(reason);
  GaussianTarget target;
  Chains run(subject, target, Eigen::MatrixXd::Zero(3, 8), 20, draws);
  return judge_allocations([&] { run.transition(); }, 5, 5);
}

}  // namespace

void check_sampler_moments(const Bench& bench, Report& report) {
  report.check("chains move", [&] { return moves(bench.subject); });
  report.check("moments of a correlated Gaussian are right",
               [&] { return gaussian(bench.subject); });
  report.check("moments of a skewed target are right", [&] { return skewed(bench.subject); });
  report.check("a transition does not allocate", [&] { return allocations(bench.subject); });
}

}  // namespace elbow::check
