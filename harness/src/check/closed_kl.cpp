// KL divergence of two members of a family in closed form.

#include "check/family_bench.hpp"
#include "check/mean.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 20000;

Outcome zero_at_equal(const Subject& subject, FamilyBench& q) {
  FamilyBench same(subject);
  same.bind_one(0, 1);
  const double kl = q->closed_kl()->kl(same->parameters());
  return judge(std::abs(kl) <= (q.scalar() == Scalar::f32 ? 1e-4 : 1e-10), "KL ", kl);
}

Outcome monte_carlo(const Subject& subject, FamilyBench& q) {
  if (!subject.can(Ability::log_prob)) return not_applicable("there is no log_prob");
  FamilyBench other(subject);
  perturb(other->parameters(), 0.2, "another perturbation");
  q.bind_one(0, draws);
  other.bind_one(0, draws);
  const auto drawn = q.sample(q.noise(draws));
  const Estimate estimate = mean_of(drawn.log_q - other.log_prob(drawn.z));
  const double kl = q->closed_kl()->kl(other->parameters());
  if (kl < 0) return failed("KL ", kl, " is negative");
  FarthestPair farthest;
  farthest.add("KL", {kl, 0}, estimate);
  return farthest.outcome();
}

}  // namespace

void check_closed_kl(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::closed_kl)) return;
  FamilyBench q(bench.subject);
  q.bind_one(0, 1);
  if (!q->closed_kl()) return;  // reported by the suite "facets"
  report.check("KL to itself is zero", [&] { return zero_at_equal(bench.subject, q); });
  report.check("the closed KL agrees with Monte Carlo",
               [&] { return monte_carlo(bench.subject, q); });
}

}  // namespace elbow::check
