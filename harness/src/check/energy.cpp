// Unnormalised densities over data.

#include "check/allocations.hpp"
#include "check/pullback.hpp"
#include "check/suites.hpp"

namespace elbow::check {
namespace {

Outcome blocks(Energy& energy, const Eigen::MatrixXd& x) {
  Eigen::VectorXd together(x.cols()), apart(x.cols());
  energy.log_phi(x, together);
  for (Index s = 0; s < x.cols(); ++s) energy.log_phi(x.col(s), apart.segment(s, 1));
  return judge(worst_disagreement(together, apart, 1e-5), "column");
}

}  // namespace

void check_energy(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::energy)) return;
  const Made<Model> model = bench.subject.model();
  Energy* energy = model->energy();
  if (!energy) return;  // reported by the suite "facets"
  report.check("the data have the declared dimension and are finite", [&] {
    const Draws data = energy->data();
    return judge(data.rows() == energy->data_dimension() && data.cols() > 0 && data.allFinite(),
                 data.rows(), " x ", data.cols());
  });
  perturb(energy->parameters(), 0.05);
  const Eigen::MatrixXd x = energy->data().leftCols(std::min<Index>(5, energy->data().cols()));
  report.check("a block of S columns equals S blocks of one", [&] { return blocks(*energy, x); });
  const Pullback function{&energy->parameters(),
                          [&](Draws at, VectorOut value) { energy->log_phi(at, value); },
                          [&](Vector weights, GradientOut theta, DrawsOut g_x) {
                            energy->log_phi_pullback(weights, theta, g_x);
                          }};
  const bool single = energy->parameters().f32().size() > 0;
  check_pullback(report, "log_phi", function, x, single ? Scalar::f32 : Scalar::f64);
  report.check("log_phi and its pull-back do not allocate", [&] {
    Eigen::VectorXd log_phi(x.cols());
    const Eigen::VectorXd weights = Eigen::VectorXd::Ones(x.cols());
    Eigen::MatrixXd g_x(x.rows(), x.cols());
    Gradient theta(energy->parameters());
    return judge_allocations([&] {
      energy->log_phi(x, log_phi);
      energy->log_phi_pullback(weights, theta.out(), g_x);
    });
  });
}

}  // namespace elbow::check
