// What an estimator leaves behind: a family, particles, or a surrogate model.

#include "check/disagreement.hpp"
#include "check/fit_bench.hpp"

namespace elbow::check {
namespace {

void run(FitBench& fit, Index steps) {
  Eigen::VectorXd trace(Index(fit->trace_fields().size()));
  for (Index i = 0; i < steps; ++i)
    if (fit.step(i, trace) != Progress::going) return;
}

Outcome family(Family& q) {
  const Index draws = 20;
  Eigen::MatrixXd noise(q.noise().rows(), draws);
  Eigen::MatrixXd z = Eigen::MatrixXd::Constant(q.dimension(), draws, NAN);
  Eigen::VectorXd log_q(draws);
  RandomStream numbers = stream("noise");
  fill_noise(q.noise(), numbers, noise);
  q.sample(noise, z, log_q);
  return judge(z.allFinite() && log_q.allFinite(), "a family, D = ", q.dimension());
}

Outcome particles(const Particles& end, Index dimension) {
  if (end.z.rows() != dimension || end.z.cols() < 1)
    return failed("particles are ", end.z.rows(), " x ", end.z.cols(), ", expected ", dimension,
                  " rows and at least one column");
  if (end.log_weights.size() != 0 && end.log_weights.size() != end.z.cols())
    return failed(end.z.cols(), " particles have ", end.log_weights.size(), " log weights");
  return judge(end.z.allFinite() && !end.log_weights.hasNaN(), end.z.cols(), " particles");
}

Outcome approximation(const Bench& bench) {
  FitBench fit(bench);
  run(fit, 50);
  Fit surroundings = fit.fit(50);
  if (const Particles* end = fit->particles()) {
    if (!fit.model().density()) return failed("particles of a model without a density");
    return particles(*end, fit.model().density()->dimension());
  }
  Family* q = fit->approximation(surroundings);
  if (q && q->conditional()) return passed("a conditional family");
  if (q) return family(*q);
  if (fit->surrogate()) return passed("a surrogate model and no draws");
  return failed("approximation(), particles() and surrogate() are all null");
}

Outcome surrogate(const Bench& bench) {
  FitBench fit(bench);
  run(fit, 50);
  const std::unique_ptr<Model> learnt = fit->surrogate();
  if (!learnt) return not_applicable("it learns no model");
  Density* density = learnt->density();
  if (!density) return failed("the surrogate has no density");
  const Eigen::MatrixXd z = 0.3 * normals("points", density->dimension(), 5);
  Eigen::VectorXd together = Eigen::VectorXd::Constant(5, NAN), apart(5);
  density->log_density(z, together);
  for (Index s = 0; s < 5; ++s) density->log_density(z.col(s), apart.segment(s, 1));
  if (together.hasNaN()) return failed("its log density near 0 is NaN");
  return judge(worst_disagreement(together, apart, 1e-5), "draw");
}

}  // namespace

void check_estimator_end(const Bench& bench, Report& report) {
  if (!FitBench::missing(bench).empty()) return;
  report.check("a fit ends with a family, particles or a surrogate",
               [&] { return approximation(bench); });
  report.check("a surrogate is a model with a density", [&] { return surrogate(bench); });
}

}  // namespace elbow::check
