// Families with context.

#include "check/disagreement.hpp"
#include "check/family_bench.hpp"

namespace elbow::check {
namespace {

Outcome context_matters(FamilyBench& q) {
  const Eigen::MatrixXd noise = q.noise(1);
  q.bind_one(0, 1);
  const Eigen::MatrixXd first = q.sample(noise).z;
  q.bind_one(1, 1);
  return judge(!same_bits(first, q.sample(noise).z), "one noise under two contexts");
}

/// Columns b K + k belong to item b.
Outcome layout(FamilyBench& q) {
  const Index per_item = 3;
  const Eigen::MatrixXd noise = q.noise(2 * per_item);
  q.bind(2 * per_item);
  const Eigen::MatrixXd together = q.sample(noise).z;
  Eigen::MatrixXd apart(q.dimension(), 2 * per_item);
  for (Index item = 0; item < 2; ++item) {
    q.bind_one(item, per_item);
    apart.middleCols(item * per_item, per_item) =
        q.sample(noise.middleCols(item * per_item, per_item)).z;
  }
  return judge(worst_disagreement(together, apart, 1e-4), "coordinate");
}

}  // namespace

void check_conditional(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::conditional)) return;
  FamilyBench q(bench.subject);
  report.check("context_dimension() is that of the setup", [&] {
    const Index found = q->conditional()->context_dimension();
    return judge(found == FamilyBench::context_dimension, found, ", made for ",
                 FamilyBench::context_dimension);
  });
  report.check("another context gives other draws", [&] { return context_matters(q); });
  report.check("columns b K + k belong to item b", [&] { return layout(q); });
}

}  // namespace elbow::check
