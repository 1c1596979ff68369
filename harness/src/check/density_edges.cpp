// Far away, at infinity and at NaN: values, never exceptions. Nearby, no NaN behind a -inf.

#include <cfenv>

#include "check/points.hpp"

namespace elbow::check {
namespace {

struct Edge {
  std::string name;
  Eigen::VectorXd z;
};

/// The value in every coordinate together, and in each of the first few alone.
std::vector<Edge> edges(const Eigen::VectorXd& start, double value) {
  std::vector<Edge> all = {
      {say(value, " everywhere"), Eigen::VectorXd::Constant(start.size(), value)}};
  for (Index d = 0; d < std::min<Index>(start.size(), 8); ++d) {
    all.push_back({say(value, " in coordinate ", d), start});
    all.back().z[d] = value;
  }
  return all;
}

/// Calls the density, and its gradient where there is one, at each place alone.
/// @param wrong  says what is wrong with a value and gradient, or nothing
Outcome visit(const Bench& bench, std::initializer_list<double> values,
              const std::function<std::string(double, const Eigen::VectorXd&)>& wrong) {
  DensityBench made = density_bench(bench.subject);
  const bool gradient = bench.subject.can(Ability::gradient);
  int places = 0, minus_infinite = 0, not_a_number = 0;
  for (const double value : values)
    for (const Edge& edge : edges(made.z.col(0), value)) {
      ++places;
      double log_p = log_density(made.density, edge.z)[0];
      std::string complaint = wrong(log_p, Eigen::VectorXd());
      if (complaint.empty() && gradient) {
        const auto at = log_density_gradient(made.density, edge.z);
        log_p = at.value[0];
        complaint = wrong(log_p, at.gradient.col(0));
      }
      if (!complaint.empty()) return failed("at ", edge.name, " ", complaint);
      minus_infinite += log_p == -INFINITY;
      not_a_number += std::isnan(log_p);
    }
  return passed(places, " places, ", minus_infinite, " of them -inf, ", not_a_number, " NaN");
}

Outcome far_away(const Bench& bench) {
  return visit(bench, {1e3, -1e3, 1e10, -1e10},
               [](double log_p, const Eigen::VectorXd& gradient) -> std::string {
                 if (log_p == INFINITY) return "the log density is +inf";
                 if (log_p == -INFINITY && !gradient.allFinite())
                   return "the log density is -inf and its gradient is not finite";
                 if (std::isfinite(log_p) && gradient.hasNaN())
                   return say("the log density is ", log_p, " and its gradient has a NaN");
                 return "";
               });
}

Outcome infinity(const Bench& bench) {
  return visit(bench, {INFINITY, -INFINITY},
               [](double log_p, const Eigen::VectorXd&) -> std::string {
                 return log_p == INFINITY ? "the log density is +inf" : "";
               });
}

Outcome nan(const Bench& bench) {
  return visit(bench, {NAN}, [](double log_p, const Eigen::VectorXd&) -> std::string {
    if (std::isnan(log_p) || log_p == -INFINITY) return "";
    return say("the log density is ", log_p, ", expected NaN or -inf");
  });
}

/// Where the arithmetic stays within the range of double, a -inf says that a point is outside the
/// support. One that comes with an operation that has no result (the root or logarithm of a
/// negative number, 0/0) was a NaN, and cuts a piece off the posterior.
Outcome hidden_nan(const Bench& bench) {
  constexpr Index places = 500;
  DensityBench made = density_bench(bench.subject);
  Eigen::MatrixXd z = normals("ordinary points", made.z.rows(), places);
  z.rightCols(places / 2) *= 3;
  const Eigen::VectorXd together = log_density(made.density, z);
  int outside = 0;
  for (Index s = 0; s < places; ++s) {
    if (together[s] != -INFINITY) continue;
    ++outside;
    std::feclearexcept(FE_INVALID);
    const double log_p = log_density(made.density, z.col(s))[0];
    if (log_p == -INFINITY && std::fetestexcept(FE_INVALID) != 0)
      return failed("at z[0] = ", z(0, s), ", at most ", z.col(s).cwiseAbs().maxCoeff(),
                    " from 0 in any coordinate, the log density is -inf after an operation "
                    "without a result: a NaN?");
  }
  return passed(places, " places, ", outside, " of them -inf");
}

}  // namespace

void check_density_edges(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::density) || bench.subject.can(Ability::discrete)) return;
  report.check("far away the log density is not +inf, its gradient not NaN",
               [&] { return far_away(bench); });
  report.check("near 0 no NaN is hidden behind -inf", [&] { return hidden_nan(bench); });
  report.check("at infinity there is no exception and no +inf", [&] { return infinity(bench); });
  report.check("a NaN coordinate gives NaN or -inf", [&] { return nan(bench); });
}

}  // namespace elbow::check
