// Both pull-backs of a family against differences.

#include <cmath>

#include "check/allocations.hpp"
#include "check/family_bench.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 6;

/// sum_s [g_z,s . z_s + g_log_q,s log q_s] of one noise block: what `sample_pullback`
/// differentiates.
struct PathObjective {
  explicit PathObjective(const FamilyBench& q)
      : noise(q.noise(draws)), g_z(normals("g_z", q.dimension(), draws)) {}

  Eigen::MatrixXd noise, g_z;
  Eigen::VectorXd g_log_q = normals("g_log_q", draws, 1).col(0);

  double value(FamilyBench& q) const {
    const auto drawn = q.sample(noise);
    double sum = g_z.cwiseProduct(drawn.z).sum();
    if (g_log_q.size() > 0) sum += g_log_q.dot(drawn.log_q);
    return sum;
  }
  void add_gradient(FamilyBench& q, GradientOut out) const {
    Eigen::MatrixXd z(q.dimension(), draws);
    Eigen::VectorXd log_q(g_log_q.size());
    q.rebind();
    q->sample(noise, z, log_q);
    q->sample_pullback(g_z, g_log_q, out);
  }
};

Outcome differences(FamilyBench& q, const PathObjective& objective) {
  Gradient gradient(q->parameters());
  objective.add_gradient(q, gradient.out());
  return judge_gradient(
      q->parameters(), gradient, [&] { return objective.value(q); }, 12,
      [&](GradientOut out) { objective.add_gradient(q, out); });
}

Outcome adds(FamilyBench& q, const PathObjective& objective) {
  Gradient once(q->parameters()), onto_ones(q->parameters());
  onto_ones.f64().setOnes();
  onto_ones.f32().setOnes();
  objective.add_gradient(q, once.out());
  objective.add_gradient(q, onto_ones.out());
  const Eigen::VectorXd added = numbers_of(onto_ones).array() - 1;
  const double relative = q.scalar() == Scalar::f32 ? 1e-4 : 1e-9;
  return judge(worst_disagreement(added, numbers_of(once), relative), "parameter");
}

Outcome order(FamilyBench& q, const PathObjective& objective) {
  if (q.conditional()) q.bind_one(0, draws);
  Gradient forwards(q->parameters()), backwards(q->parameters());
  objective.add_gradient(q, forwards.out());
  PathObjective reversed = objective;
  reversed.noise = objective.noise.rowwise().reverse();
  reversed.g_z = objective.g_z.rowwise().reverse();
  reversed.g_log_q = objective.g_log_q.reverse();
  reversed.add_gradient(q, backwards.out());
  q.bind(draws);
  const double relative = q.scalar() == Scalar::f32 ? 1e-4 : 1e-9;
  return judge(worst_disagreement(numbers_of(backwards), numbers_of(forwards), relative),
               "parameter");
}

void check_paths(FamilyBench& q, Report& report) {
  const PathObjective full(q);
  PathObjective draws_only(q);
  draws_only.g_log_q.resize(0);
  PathObjective density_only(q);
  density_only.g_z.setZero();
  report.check("sample's pull-back agrees with differences", [&] { return differences(q, full); });
  report.check("sample's pull-back without log q agrees with differences",
               [&] { return differences(q, draws_only); });
  report.check("sample's pull-back of log q alone agrees with differences",
               [&] { return differences(q, density_only); });
  report.check("sample's pull-back adds to the gradient and does not overwrite it",
               [&] { return adds(q, full); });
  report.check("sample's pull-back does not depend on the order of the columns",
               [&] { return order(q, full); });
  report.check("sample and its pull-back do not allocate", [&] {
    Gradient gradient(q->parameters());
    Eigen::MatrixXd z(q.dimension(), draws);
    Eigen::VectorXd log_q(draws);
    return judge_allocations([&] {
      q->sample(full.noise, z, log_q);
      q->sample_pullback(full.g_z, full.g_log_q, gradient.out());
    });
  });
}

void check_densities(FamilyBench& q, Report& report, bool discrete) {
  const Eigen::MatrixXd z = q.sample(q.noise(draws, "points")).z;
  const Pullback function{
      &q->parameters(),
      [&](Draws at, VectorOut log_q) {
        q.rebind();
        q->log_prob(at, log_q);
      },
      [&](Vector w, GradientOut phi, DrawsOut g_z) { q->log_prob_pullback(w, phi, g_z); }};
  if (!discrete) {
    check_pullback(report, "log_prob", function, z, q.scalar());
  } else {
    const Eigen::VectorXd weights = normals("weights", draws, 1).col(0);
    report.check("log_prob's pull-back to the parameters agrees with differences",
                 [&] { return judge_parameter_pullback(function, z, weights); });
    report.check("log_prob's pull-back adds to the gradient and does not overwrite it",
                 [&] { return judge_adds(function, z, weights); });
  }
  report.check("log_prob and its pull-back do not allocate", [&] {
    Gradient gradient(q->parameters());
    Eigen::VectorXd log_q(draws);
    const Eigen::VectorXd weights = Eigen::VectorXd::Ones(draws);
    Eigen::MatrixXd g_z(discrete ? 0 : q.dimension(), discrete ? 0 : draws);
    return judge_allocations([&] {
      q->log_prob(z, log_q);
      q->log_prob_pullback(weights, gradient.out(), g_z);
    });
  });
}

}  // namespace

void check_family_pullbacks(const Bench& bench, Report& report) {
  FamilyBench q(bench.subject);
  q.bind(draws);
  if (bench.subject.can(Ability::reparameterized)) check_paths(q, report);
  if (bench.subject.can(Ability::log_prob))
    check_densities(q, report, bench.subject.can(Ability::discrete_draws));
}

}  // namespace elbow::check
