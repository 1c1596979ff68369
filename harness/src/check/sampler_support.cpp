// Places that no chain may enter.

#include "check/chains.hpp"
#include "check/targets.hpp"

namespace elbow::check {
namespace {

Outcome stays_inside(const Subject& subject, double outside) {
  HalfTarget target(outside);
  Eigen::MatrixXd start = normals("start", 2, 16);
  start.row(0) = start.row(0).cwiseAbs();
  Chains run(subject, target, start, 50, 150);
  Eigen::VectorXd expected(16);
  Index i = 0;
  for (; i < 200; ++i) {
    const Progress progress = run.transition();
    target.log_density(run.z(), expected);
    for (Index c = 0; c < 16; ++c) {
      // A population may hold a particle there as long as it has no weight.
      if (subject.info.population && run.log_weights()[c] == -INFINITY) continue;
      if (!std::isfinite(expected[c]))
        return failed("chain ", c, " is at z[0] = ", run.z()(0, c), " after transition ", i,
                      ", where the log density is ", outside);
    }
    if (progress != Progress::going) break;
  }
  return passed("16 chains");
}

}  // namespace

void check_sampler_support(const Bench& bench, Report& report) {
  const Subject& subject = bench.subject;
  if (!cannot_sample(subject).empty()) return;
  report.check("no chain enters a region of -inf",
               [&] { return stays_inside(subject, -INFINITY); });
  report.check("no chain accepts a density of NaN", [&] { return stays_inside(subject, NAN); });
}

}  // namespace elbow::check
