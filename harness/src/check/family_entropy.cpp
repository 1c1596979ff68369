// The entropy in closed form.

#include "check/allocations.hpp"
#include "check/derivative.hpp"
#include "check/family_bench.hpp"
#include "check/mean.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 20000;

Outcome monte_carlo(FamilyBench& q) {
  q.bind_one(0, draws);
  const Estimate estimate = mean_of(-q.sample(q.noise(draws)).log_q);
  FarthestPair farthest;
  farthest.add("entropy", {q->closed_entropy()->entropy(), 0}, estimate);
  return farthest.outcome();
}

Outcome differences(FamilyBench& q) {
  Gradient gradient(q->parameters());
  q->closed_entropy()->entropy();
  q->closed_entropy()->entropy_pullback(1.7, gradient.out());
  return judge_gradient(q->parameters(), gradient,
                        [&] { return 1.7 * q->closed_entropy()->entropy(); });
}

Outcome adds(FamilyBench& q) {
  Gradient once(q->parameters()), twice(q->parameters());
  q->closed_entropy()->entropy_pullback(1, once.out());
  q->closed_entropy()->entropy_pullback(1, twice.out());
  q->closed_entropy()->entropy_pullback(1, twice.out());
  return judge(worst_disagreement(numbers_of(twice), 2 * numbers_of(once), 1e-5), "parameter");
}

}  // namespace

void check_family_entropy(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::closed_entropy)) return;
  FamilyBench q(bench.subject);
  q.bind_one(0, 1);
  if (!q->closed_entropy()) return;  // reported by the suite "facets"
  report.check("the closed entropy agrees with Monte Carlo", [&] { return monte_carlo(q); });
  report.check("the entropy's pull-back agrees with differences", [&] { return differences(q); });
  report.check("the entropy's pull-back adds to the gradient", [&] { return adds(q); });
  report.check("the entropy and its pull-back do not allocate", [&] {
    Gradient gradient(q->parameters());
    return judge_allocations([&] {
      q->closed_entropy()->entropy();
      q->closed_entropy()->entropy_pullback(1, gradient.out());
    });
  });
}

}  // namespace elbow::check
