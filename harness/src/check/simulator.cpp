// Models known by simulation.

#include "check/derivative.hpp"
#include "check/suites.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 200;

std::vector<RandomStream> streams(std::string_view purpose, Index first, Index count) {
  std::vector<RandomStream> all;
  for (Index s = first; s < first + count; ++s)
    all.push_back(stream(purpose).substream(std::uint64_t(s)));
  return all;
}

Eigen::MatrixXd prior_draws(Simulator& simulator, Index first, Index count) {
  Eigen::MatrixXd theta = Eigen::MatrixXd::Constant(simulator.parameter_dimension(), count, NAN);
  auto numbers = streams("prior", first, count);
  simulator.sample_prior(numbers, theta);
  return theta;
}

Eigen::MatrixXd simulate(Simulator& simulator, Draws theta, Index first) {
  Eigen::MatrixXd x = Eigen::MatrixXd::Constant(simulator.data_dimension(), theta.cols(), NAN);
  auto numbers = streams("simulator", first, theta.cols());
  simulator.simulate(theta, numbers, x);
  return x;
}

Eigen::VectorXd log_prior(Simulator& simulator, Draws theta) {
  Eigen::VectorXd log_p(theta.cols());
  simulator.log_prior(theta, log_p, unwanted());
  return log_p;
}

Outcome shapes(Simulator& simulator) {
  Index size = 0;
  for (const Variable& variable : simulator.parameters()) size += variable.size();
  const Index p = simulator.parameter_dimension();
  if (size != p || simulator.lower().size() != p || simulator.upper().size() != p)
    return failed("P = ", p, ", parameters() has ", size, " numbers, lower() ",
                  simulator.lower().size(), ", upper() ", simulator.upper().size());
  const Eigen::VectorXd observed = simulator.observation();
  return judge(observed.size() == simulator.data_dimension() && observed.allFinite(), "P = ", p,
               ", X = ", simulator.data_dimension(), ", observation of ", observed.size());
}

Outcome bounds(Simulator& simulator) {
  const Eigen::MatrixXd theta = prior_draws(simulator, 0, draws);
  if (!theta.allFinite()) return failed("draws of the prior are not all finite");
  const Eigen::VectorXd lower = simulator.lower(), upper = simulator.upper();
  for (Index s = 0; s < draws; ++s)
    for (Index p = 0; p < theta.rows(); ++p)
      if (theta(p, s) < lower[p] || theta(p, s) > upper[p])
        return failed("parameter ", p, " is ", theta(p, s), ", its bounds are ", lower[p], " and ",
                      upper[p]);
  return judge(log_prior(simulator, theta).allFinite(), draws, " draws");
}

Outcome outside(Simulator& simulator) {
  Index bounded = 0;
  const Eigen::VectorXd lower = simulator.lower(), upper = simulator.upper();
  const Eigen::MatrixXd inside = prior_draws(simulator, 0, 1);
  for (Index p = 0; p < inside.rows(); ++p)
    for (const double bound : {lower[p] - 1, upper[p] + 1}) {
      if (!std::isfinite(bound)) continue;
      ++bounded;
      Eigen::MatrixXd theta = inside;
      theta(p, 0) = bound;
      const double log_p = log_prior(simulator, theta)[0];
      if (log_p != -INFINITY)
        return failed("parameter ", p, " = ", bound, " has log prior ", log_p, ", expected -inf");
    }
  if (bounded == 0) return not_applicable("no parameter has a bound");
  return passed(bounded, " places");
}

Outcome own_streams(Simulator& simulator) {
  const Eigen::MatrixXd theta = prior_draws(simulator, 0, 6);
  const Eigen::MatrixXd x = simulate(simulator, theta, 0);
  if (!x.allFinite()) return failed("simulated data are not all finite");
  for (Index s = 0; s < 6; ++s) {
    if (!same_bits(prior_draws(simulator, s, 1), theta.col(s)))
      return failed("draw ", s, " of the prior is another one when it is drawn alone");
    if (!same_bits(simulate(simulator, theta.col(s), s), x.col(s)))
      return failed("simulation ", s, " is another one when it is run alone");
  }
  return passed("6 draws together and alone");
}

Outcome prior_gradient(Simulator& simulator) {
  const Eigen::MatrixXd theta = prior_draws(simulator, 0, 4);
  Eigen::VectorXd log_p(theta.cols());
  Eigen::MatrixXd gradient = Eigen::MatrixXd::Constant(theta.rows(), theta.cols(), NAN);
  simulator.log_prior(theta, log_p, gradient);
  double worst = -1;
  std::string where;
  for (Index s = 0; s < theta.cols(); ++s)
    for (Index p = 0; p < theta.rows(); ++p) {
      // A step must not leave the support.
      const double room =
          std::min(theta(p, s) - simulator.lower()[p], simulator.upper()[p] - theta(p, s));
      const Derivative expected = derivative(
          [&](const Eigen::VectorXd& steps) -> Eigen::VectorXd {
            return log_prior(
                simulator, (Eigen::VectorXd::Unit(theta.rows(), p) * steps.transpose()).colwise() +
                               theta.col(s));
          },
          std::min({0.0625, room / 2, 0.25 * std::max(1e-3, std::abs(theta(p, s)))}), 9);
      const double gap = std::abs(gradient(p, s) - expected.value);
      const double allowed = tolerance(expected, std::abs(expected.value), Scalar::f64);
      const double ratio = std::isnan(gap) ? INFINITY : gap / allowed;
      if (ratio <= worst) continue;
      worst = ratio;
      where = say("worst difference ", gap, " (tolerance ", allowed, ") in parameter ", p,
                  ": found ", gradient(p, s), ", differences give ", expected.value);
    }
  return judge(worst <= 1, where);
}

}  // namespace

void check_simulator(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::simulator)) return;
  const Made<Model> model = bench.subject.model();
  Simulator* simulator = model->simulator();
  if (!simulator) return;  // reported by the suite "facets"
  report.check("parameters, bounds and observation have the declared sizes",
               [&] { return shapes(*simulator); });
  report.check("draws of the prior lie within the bounds, where its density is finite",
               [&] { return bounds(*simulator); });
  report.check("outside the bounds the log prior is -inf", [&] { return outside(*simulator); });
  report.check("a column depends on its own stream alone", [&] { return own_streams(*simulator); });
  report.check("the log prior's gradient agrees with differences",
               [&] { return prior_gradient(*simulator); });
}

}  // namespace elbow::check
