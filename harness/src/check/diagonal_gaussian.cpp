// Conditional families that are Gaussian with independent coordinates for every item.

#include <elbow/math.hpp>

#include "check/allocations.hpp"
#include "check/family_bench.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index per_item = 3, draws = 2 * per_item;

Outcome density(FamilyBench& q, DiagonalGaussian& gaussian) {
  const Eigen::MatrixXd z = q.sample(q.noise(draws)).z;
  const Eigen::VectorXd found = q.log_prob(z);
  const Eigen::MatrixXd means = gaussian.means(), log_sds = gaussian.log_sds();
  if (means.rows() != q.dimension() || means.cols() != 2 || log_sds.rows() != q.dimension() ||
      log_sds.cols() != 2)
    return failed("means() is ", means.rows(), " x ", means.cols(), ", expected ", q.dimension(),
                  " x 2");
  Eigen::VectorXd expected = Eigen::VectorXd::Zero(draws);
  for (Index s = 0; s < draws; ++s)
    for (Index d = 0; d < q.dimension(); ++d)
      expected[s] +=
          log_normal(z(d, s), means(d, s / per_item), std::exp(log_sds(d, s / per_item)));
  return judge(worst_disagreement(found, expected, 1e-4), "draw");
}

/// What `pullback` differentiates: sum of every output times a weight of its own.
struct Objective {
  Eigen::MatrixXd noise, g_z, g_mean, g_log_sd;
  Eigen::VectorXd g_log_q;

  double value(FamilyBench& q, DiagonalGaussian& gaussian) const {
    const auto drawn = q.sample(noise);
    double sum = 0;
    if (g_z.size() > 0) sum += g_z.cwiseProduct(drawn.z).sum();
    if (g_log_q.size() > 0) sum += g_log_q.dot(drawn.log_q);
    if (g_mean.size() > 0) sum += g_mean.cwiseProduct(gaussian.means()).sum();
    if (g_log_sd.size() > 0) sum += g_log_sd.cwiseProduct(gaussian.log_sds()).sum();
    return sum;
  }
  Outcome check(FamilyBench& q, DiagonalGaussian& gaussian) const {
    Gradient gradient(q->parameters());
    q.sample(noise);
    gaussian.pullback(g_z, g_log_q, g_mean, g_log_sd, gradient.out());
    return judge_gradient(q->parameters(), gradient, [&] { return value(q, gaussian); });
  }
};

}  // namespace

void check_diagonal_gaussian(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::diagonal_gaussian)) return;
  FamilyBench q(bench.subject);
  q.bind(draws);
  DiagonalGaussian* const gaussian = q->diagonal_gaussian();
  if (!gaussian) return;  // reported by the suite "facets"
  report.check("log q is the Gaussian that means() and log_sds() say",
               [&] { return density(q, *gaussian); });
  const Objective full{q.noise(draws), normals("g_z", q.dimension(), draws),
                       normals("g_mean", q.dimension(), 2), normals("g_log_sd", q.dimension(), 2),
                       normals("g_log_q", draws, 1).col(0)};
  Objective moments = full;
  moments.g_z.resize(0, 0);
  moments.g_log_q.resize(0);
  Objective without_density = full;
  without_density.g_log_q.resize(0);
  report.check("the joint pull-back agrees with differences",
               [&] { return full.check(q, *gaussian); });
  report.check("the pull-back of moments alone agrees with differences",
               [&] { return moments.check(q, *gaussian); });
  report.check("the pull-back of draws and moments agrees with differences",
               [&] { return without_density.check(q, *gaussian); });
  report.check("the joint pull-back does not allocate", [&] {
    Gradient gradient(q->parameters());
    q.sample(full.noise);
    return judge_allocations([&] {
      gaussian->pullback(full.g_z, full.g_log_q, full.g_mean, full.g_log_sd, gradient.out());
    });
  });
}

}  // namespace elbow::check
