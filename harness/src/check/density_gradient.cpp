// The gradient of a log density against differences, and the same invariances.

#include <optional>

#include "check/allocations.hpp"
#include "check/derivative.hpp"
#include "check/points.hpp"

namespace elbow::check {
namespace {

constexpr Index most_coordinates = 40;

Derivative along(Density& density, const Eigen::VectorXd& z, const Eigen::VectorXd& direction) {
  const auto values = [&](const Eigen::VectorXd& steps) {
    return log_density(density, (direction * steps.transpose()).colwise() + z);
  };
  return derivative(values, 0.0625, 12);
}

/// The names of the unconstrained coordinates are the model's own business: they are numbered.
Outcome differences(DensityBench& bench) {
  const ValueAndGradient at = log_density_gradient(bench.density, bench.z);
  const Index dimension = bench.z.rows(), points = std::min<Index>(4, bench.z.cols());
  const Index step = (dimension + most_coordinates - 1) / most_coordinates;
  const Eigen::VectorXd random = normals("direction", dimension, 1).col(0).normalized();
  double worst = -1;
  std::string where;
  const auto compare = [&](Index point, const Eigen::VectorXd& direction, const std::string& name) {
    const Derivative expected = along(bench.density, bench.z.col(point), direction);
    const double found = at.gradient.col(point).dot(direction);
    const double scale =
        std::max(std::abs(expected.value), 1e-3 * at.gradient.col(point).cwiseAbs().maxCoeff());
    const double allowed =
        tolerance(expected, scale, Scalar::f64) + 1e-14 * std::abs(at.value[point]);
    const double gap = std::abs(found - expected.value);
    const double ratio = std::isnan(gap) ? INFINITY : gap / allowed;
    if (ratio <= worst) return;
    worst = ratio;
    where = say("worst difference ", gap, " (tolerance ", allowed, ") in ", name, " of point ",
                point, " with value ", at.value[point], ": found ", found, ", differences give ",
                expected.value);
  };
  for (Index point = 0; point < points; ++point) {
    for (Index d = 0; d < dimension; d += step)
      compare(point, Eigen::VectorXd::Unit(dimension, d), say("coordinate ", d));
    compare(point, random, "a random direction");
  }
  return judge(worst <= 1, points, " points, ", where);
}

Outcome blocks(DensityBench& bench) {
  const Eigen::MatrixXd together = log_density_gradient(bench.density, bench.z).gradient;
  Eigen::MatrixXd apart(bench.z.rows(), bench.z.cols());
  for (Index s = 0; s < bench.z.cols(); ++s)
    apart.col(s) = log_density_gradient(bench.density, bench.z.col(s)).gradient;
  return judge(worst_disagreement(together, apart, 1e-5), "coordinate");
}

Outcome order(DensityBench& bench) {
  const Eigen::MatrixXd forwards = log_density_gradient(bench.density, bench.z).gradient;
  const Eigen::MatrixXd reversed = bench.z.rowwise().reverse();
  const Eigen::MatrixXd backwards =
      log_density_gradient(bench.density, reversed).gradient.rowwise().reverse();
  return judge(worst_disagreement(backwards, forwards, 1e-5), "coordinate");
}

Outcome strides(DensityBench& bench) {
  const auto expected = log_density_gradient(bench.density, bench.z);
  const Index rows = bench.z.rows(), cols = bench.z.cols();
  Eigen::MatrixXd wide = Eigen::MatrixXd::Constant(rows + 3, cols, NAN);
  Eigen::MatrixXd out = Eigen::MatrixXd::Constant(rows + 5, cols, 77);
  wide.topRows(rows) = bench.z;
  Eigen::VectorXd log_p(cols);
  bench.density.log_density_gradient(wide.topRows(rows), log_p, out.topRows(rows));
  if ((out.bottomRows(5).array() != 77).any()) return failed("it writes beyond its block");
  return judge(worst_disagreement(out.topRows(rows), expected.gradient, 1e-5), "coordinate");
}

Outcome repeats(DensityBench& bench) {
  const auto one = log_density_gradient(bench.density, bench.z);
  const auto again = log_density_gradient(bench.density, bench.z);
  return judge(same_bits(one.value, again.value) && same_bits(one.gradient, again.gradient),
               "two calls");
}

}  // namespace

void check_density_gradient(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::density | Ability::gradient)) return;
  std::optional<DensityBench> made;
  report.check("the gradient is finite where the log density is", [&] {
    made.emplace(density_bench(bench.subject));
    const auto at = log_density_gradient(made->density, made->z);
    return judge(at.gradient.allFinite(), made->z.cols(), " points");
  });
  if (!made) return;
  report.check("the gradient agrees with central differences", [&] { return differences(*made); });
  report.check("log_density_gradient gives log_density's value", [&] {
    return judge(worst_disagreement(log_density_gradient(made->density, made->z).value,
                                    log_density(made->density, made->z), 1e-5),
                 "draw");
  });
  report.check("a block of S gradients equals S blocks of one", [&] { return blocks(*made); });
  report.check("the order of the columns does not matter", [&] { return order(*made); });
  report.check("blocks with a larger column stride give the same", [&] { return strides(*made); });
  report.check("repeating gives the same bits", [&] { return repeats(*made); });
  report.check("log_density_gradient does not allocate", [&] {
    Eigen::VectorXd log_p(made->z.cols());
    Eigen::MatrixXd gradient(made->z.rows(), made->z.cols());
    return judge_allocations([&] { made->density.log_density_gradient(made->z, log_p, gradient); });
  });
}

}  // namespace elbow::check
