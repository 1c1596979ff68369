// Families with context.

#include "check/disagreement.hpp"
#include "check/family_bench.hpp"
#include "check/pullback.hpp"

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

/// Blocks with fewer columns than were bound speak of the first items.
Outcome fewer_columns(FamilyBench& q) {
  const Index per_item = 3;
  const Eigen::MatrixXd noise = q.noise(2 * per_item);
  q.bind(2 * per_item);
  const auto all = q.sample(noise), first = q.sample(noise.leftCols(per_item));
  const Disagreement same = worst_disagreement(first.z, all.z.leftCols(per_item), 1e-5);
  if (!same.none()) return judge(same, "coordinate");
  return judge(worst_disagreement(first.log_q, all.log_q.head(per_item), 1e-4), "draw");
}

/// d/dc_b of sum_k [g_z . z_bk + g_log_q log q_bk] against differences.
Outcome context_gradient(FamilyBench& q) {
  const Index per_item = 3;
  q.bind(2 * per_item);
  const Eigen::MatrixXd noise = q.noise(2 * per_item);
  const Eigen::MatrixXd g_z = normals("g_z", q.dimension(), 2 * per_item);
  const Eigen::VectorXd g_log_q = normals("g_log_q", 2 * per_item, 1).col(0);
  Gradient phi(q->parameters());
  const Pullback function{
      &q->parameters(),
      [&](Draws contexts, VectorOut value) {
        q.bound() = contexts.cast<float>();
        const auto drawn = q.sample(noise);
        for (Index s = 0; s < noise.cols(); ++s) {
          if (s % per_item == 0) value[s / per_item] = 0;
          value[s / per_item] += g_z.col(s).dot(drawn.z.col(s)) + g_log_q[s] * drawn.log_q[s];
        }
      },
      [&](Vector weights, GradientOut, DrawsOut g_context) {
        Eigen::MatrixXd of_z = g_z;
        Eigen::VectorXd of_log_q = g_log_q;
        for (Index s = 0; s < noise.cols(); ++s) {
          of_z.col(s) *= weights[s / per_item];
          of_log_q[s] *= weights[s / per_item];
        }
        q->sample_pullback(of_z, of_log_q, phi.out());
        Eigen::MatrixXf found = Eigen::MatrixXf::Constant(g_context.rows(), g_context.cols(), 77);
        q->conditional()->context_gradient(found);
        g_context = found.cast<double>();
      }};
  const Eigen::MatrixXd contexts = q.bound().cast<double>();
  return judge_point_pullback(function, contexts, normals("weights", 2, 1).col(0), Scalar::f32);
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
  report.check("fewer columns speak of the first items", [&] { return fewer_columns(q); });
  if (bench.subject.can(Ability::reparameterized))
    report.check("the context's gradient agrees with differences",
                 [&] { return context_gradient(q); });
}

}  // namespace elbow::check
