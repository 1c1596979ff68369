// What holds of every log density: blocks, order, memory layout, repetition, sizes.

#include <optional>
#include <set>

#include "check/allocations.hpp"
#include "check/disagreement.hpp"
#include "check/points.hpp"

namespace elbow::check {
namespace {

// Up to rounding, which is that of single precision for models that compute in it.
constexpr double rounding = 1e-5;

Outcome blocks(DensityBench& bench) {
  const Eigen::VectorXd together = log_density(bench.density, bench.z);
  Eigen::VectorXd apart(bench.z.cols());
  for (Index s = 0; s < bench.z.cols(); ++s)
    apart.segment(s, 1) = log_density(bench.density, bench.z.col(s));
  return judge(worst_disagreement(together, apart, rounding), "draw");
}

Outcome order(DensityBench& bench) {
  const Eigen::VectorXd forwards = log_density(bench.density, bench.z);
  const Eigen::MatrixXd reversed = bench.z.rowwise().reverse();
  const Eigen::VectorXd backwards = log_density(bench.density, reversed).reverse();
  return judge(worst_disagreement(backwards, forwards, rounding), "draw");
}

Outcome strides(DensityBench& bench) {
  const Eigen::VectorXd expected = log_density(bench.density, bench.z);
  Eigen::MatrixXd wide = Eigen::MatrixXd::Constant(bench.z.rows() + 3, bench.z.cols(), NAN);
  wide.topRows(bench.z.rows()) = bench.z;
  const Eigen::VectorXd found = log_density(bench.density, wide.topRows(bench.z.rows()));
  return judge(worst_disagreement(found, expected, rounding), "draw");
}

Outcome repeats(const Bench& bench, DensityBench& first) {
  const Eigen::VectorXd one = log_density(first.density, first.z);
  const Eigen::VectorXd again = log_density(first.density, first.z);
  const Made<Model> other = bench.subject.model();
  const Eigen::VectorXd anew = log_density(*other->density(), first.z);
  if (!same_bits(one, again)) return failed("a second call gives other bits");
  return judge(same_bits(one, anew), "two calls, and two models made from one stream");
}

Outcome constrained(DensityBench& bench) {
  Index size = 0;
  std::set<std::string> names;
  for (const Variable& variable : bench.density.variables()) {
    size += variable.size();
    if (!names.insert(variable.name).second)
      return failed("two variables are called \"", variable.name, "\"");
    if (!variable.dims.empty() && variable.dims.size() != variable.shape.size())
      return failed("variable \"", variable.name, "\" has ", variable.shape.size(), " axes and ",
                    variable.dims.size(), " names of dimensions");
  }
  // A row beyond the variables shows when more than that is written.
  Eigen::MatrixXd x = Eigen::MatrixXd::Constant(size + 1, bench.z.cols(), NAN);
  x.row(size).setConstant(77);
  bench.density.constrain(bench.z, x.topRows(size));
  if ((x.row(size).array() != 77).any()) return failed("it writes beyond its ", size, " rows");
  if (!x.topRows(size).allFinite())
    return failed("not all of the ", size, " rows are written with finite numbers");
  return passed(size, " rows, D = ", bench.z.rows());
}

Outcome replicates(const Bench& bench, DensityBench& first) {
  const Made<Model> other = bench.subject.model(1);
  const Eigen::VectorXd here = log_density(first.density, first.z);
  const bool same = other->density()->dimension() == first.z.rows() &&
                    same_bits(here, log_density(*other->density(), first.z));
  return not_applicable(same ? "replicates share their data" : "each replicate has its own data",
                        "; both are allowed");
}

}  // namespace

void check_density(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::density)) return;
  std::optional<DensityBench> made;
  report.check("the log density is finite near 0", [&] {
    made.emplace(density_bench(bench.subject));
    return passed(made->z.cols(), " points, D = ", made->z.rows());
  });
  if (!made) return;
  report.check("a block of S draws equals S blocks of one", [&] { return blocks(*made); });
  report.check("the order of the columns does not matter", [&] { return order(*made); });
  report.check("blocks with a larger column stride give the same", [&] { return strides(*made); });
  report.check("repeating gives the same bits", [&] { return repeats(bench, *made); });
  report.check("constrain fills the variables", [&] { return constrained(*made); });
  report.check("log_density does not allocate", [&] {
    Eigen::VectorXd log_p(made->z.cols());
    return judge_allocations([&] { made->density.log_density(made->z, log_p); });
  });
  report.check("data of another replicate", [&] { return replicates(bench, *made); });
}

}  // namespace elbow::check
