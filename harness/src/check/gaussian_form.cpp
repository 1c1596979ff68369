// Families that say they are Gaussian.

#include <Eigen/Cholesky>
#include <elbow/math.hpp>

#include "check/disagreement.hpp"
#include "check/family_bench.hpp"
#include "check/mean.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 20000;

struct Moments {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};

Moments moments(FamilyBench& q) {
  Moments m{Eigen::VectorXd::Constant(q.dimension(), NAN),
            Eigen::MatrixXd::Constant(q.dimension(), q.dimension(), NAN)};
  q->gaussian_form()->moments(m.mean, m.covariance);
  return m;
}

Outcome of_draws(FamilyBench& q) {
  q.bind_one(0, draws);
  const Moments claimed = moments(q);
  const Eigen::MatrixXd z = q.sample(q.noise(draws)).z;
  const Eigen::MatrixXd centred = z.colwise() - claimed.mean;
  FarthestPair farthest;
  for (Index i = 0; i < q.dimension(); ++i) {
    farthest.add(say("mean ", i), {claimed.mean[i], 0}, mean_of(z.row(i).transpose()));
    for (Index j = 0; j <= i; ++j)
      farthest.add(say("covariance ", i, ", ", j), {claimed.covariance(i, j), 0},
                   mean_of(centred.row(i).cwiseProduct(centred.row(j)).transpose()));
  }
  return farthest.outcome();
}

Outcome is_density(FamilyBench& q) {
  q.bind_one(0, 8);
  const Moments claimed = moments(q);
  const Eigen::LLT<Eigen::MatrixXd> factor(claimed.covariance);
  if (factor.info() != Eigen::Success) return failed("the covariance is not positive definite");
  if (!claimed.covariance.isApprox(claimed.covariance.transpose(), 1e-10))
    return failed("the covariance is not symmetric");
  const auto drawn = q.sample(q.noise(8));
  const Eigen::MatrixXd white = factor.matrixL().solve(drawn.z.colwise() - claimed.mean);
  const Eigen::VectorXd log_n = -0.5 * (white.colwise().squaredNorm().transpose().array() +
                                        2 * factor.matrixLLT().diagonal().array().log().sum() +
                                        double(q.dimension()) * log_2pi);
  return judge(worst_disagreement(drawn.log_q, log_n, q.scalar() == Scalar::f32 ? 1e-3 : 1e-8),
               "draw");
}

}  // namespace

void check_gaussian_form(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::gaussian_form)) return;
  FamilyBench q(bench.subject);
  q.bind_one(0, 1);
  if (!q->gaussian_form()) return;  // reported by the suite "facets"
  report.check("moments agree with draws", [&] { return of_draws(q); });
  report.check("log q is the normal density with these moments", [&] { return is_density(q); });
}

}  // namespace elbow::check
