// The Fisher metric of a family.

#include "check/allocations.hpp"
#include "check/family_bench.hpp"
#include "check/mean.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 20000;
constexpr Index small = 2;  ///< dimensions; few parameters need few draws

void set(Gradient& gradient, const Eigen::VectorXd& numbers) {
  gradient.f64() = numbers.head(gradient.f64().size());
  gradient.f32() = numbers.tail(gradient.f32().size()).cast<float>();
}

/// F v = g for v = F^-1 g, with F = E_q[score score^T] by Monte Carlo.
Outcome inverse_fisher(const Subject& subject) {
  if (!subject.can(Ability::log_prob)) return not_applicable("there is no log_prob");
  FamilyBench q(subject, small);
  const Index parameters = q->parameters().size();
  const Eigen::VectorXd g = normals("gradient", parameters, 1).col(0);
  Gradient v(q->parameters());
  set(v, g);
  q->natural_gradient()->precondition(v.out());
  const Eigen::VectorXd direction = numbers_of(v);

  q.bind_one(0, draws);
  const Eigen::MatrixXd z = q.sample(q.noise(draws)).z;
  q.bind_one(0, 1);
  Gradient score(q->parameters());
  Eigen::VectorXd log_q(1);
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(1);
  Eigen::MatrixXd products(parameters, draws);
  for (Index s = 0; s < draws; ++s) {
    score.set_zero();
    q->log_prob(z.col(s), log_q);
    q->log_prob_pullback(one, score.out(), unwanted());
    const Eigen::VectorXd numbers = numbers_of(score);
    products.col(s) = numbers * numbers.dot(direction);
  }
  FarthestPair farthest;
  for (Index p = 0; p < parameters; ++p)
    farthest.add(say("parameter ", p), {g[p], 0}, mean_of(products.row(p).transpose()));
  return farthest.outcome();
}

/// To first order a retraction moves the parameters by step x direction.
Outcome retraction(const Subject& subject) {
  FamilyBench q(subject, small);
  const Eigen::VectorXd start = numbers_of(q->parameters());
  Gradient direction(q->parameters());
  set(direction, normals("direction", start.size(), 1).col(0));
  const Eigen::VectorXd wanted = numbers_of(direction);
  const double step = 1e-4;
  q->natural_gradient()->retract(direction.out(), step);
  const Eigen::VectorXd moved = (numbers_of(q->parameters()) - start) / step;
  const Eigen::VectorXd tolerance = Eigen::VectorXd::Constant(
      start.size(), q.scalar() == Scalar::f32 ? 0.05 : 0.01 * wanted.cwiseAbs().maxCoeff());
  return judge(worst_disagreement(moved, wanted, tolerance), "parameter");
}

}  // namespace

void check_natural_gradient(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::natural_gradient)) return;
  FamilyBench q(bench.subject);
  if (!q->natural_gradient()) return;  // reported by the suite "facets"
  report.check("precondition solves with the Fisher matrix of the draws",
               [&] { return inverse_fisher(bench.subject); });
  report.check("a short retraction moves along the direction",
               [&] { return retraction(bench.subject); });
  report.check("precondition and retract do not allocate", [&] {
    Gradient gradient(q->parameters());
    return judge_allocations([&] {
      q->natural_gradient()->precondition(gradient.out());
      q->natural_gradient()->retract(gradient.out(), 0.0);
    });
  });
}

}  // namespace elbow::check
