// Minibatches of a density's data items.

#include <numeric>

#include "check/disagreement.hpp"
#include "check/points.hpp"

namespace elbow::check {
namespace {

/// The mean over a partition, weighted by the sizes of its batches, is the full log density.
template <class Function>
auto partition_mean(Density& density, Function&& evaluate) {
  const Index items = density.item_count(), batch = std::max<Index>(1, (items + 3) / 4);
  std::vector<Index> shuffled(static_cast<std::size_t>(items));
  std::iota(shuffled.begin(), shuffled.end(), Index(0));
  RandomStream order = stream("partition");
  order.shuffle(shuffled);
  density.use_items({});
  auto sum = evaluate();
  sum.setZero();
  for (Index start = 0; start < items; start += batch) {
    const Index size = std::min(batch, items - start);
    density.use_items(
        std::span<const Index>(shuffled).subspan(std::size_t(start), std::size_t(size)));
    sum += double(size) / double(items) * evaluate();
  }
  density.use_items({});
  return sum;
}

Outcome unbiased(DensityBench& bench) {
  const Eigen::VectorXd full = log_density(bench.density, bench.z);
  const Eigen::VectorXd mean = partition_mean(
      bench.density, [&]() -> Eigen::VectorXd { return log_density(bench.density, bench.z); });
  return judge(worst_disagreement(mean, full, 1e-5), "draw");
}

Outcome unbiased_gradient(DensityBench& bench) {
  const Eigen::MatrixXd full = log_density_gradient(bench.density, bench.z).gradient;
  const Eigen::MatrixXd mean = partition_mean(bench.density, [&]() -> Eigen::MatrixXd {
    return log_density_gradient(bench.density, bench.z).gradient;
  });
  return judge(worst_disagreement(mean, full, 1e-5), "coordinate");
}

Outcome reset(DensityBench& bench) {
  const Eigen::VectorXd full = log_density(bench.density, bench.z);
  const Index one[] = {0};
  bench.density.use_items(one);
  const Eigen::VectorXd part = log_density(bench.density, bench.z);
  bench.density.use_items({});
  const Eigen::VectorXd again = log_density(bench.density, bench.z);
  if (bench.density.item_count() > 1 && same_bits(part, full))
    return failed("one item gives the same log density as all ", bench.density.item_count());
  return judge(same_bits(full, again), bench.density.item_count(), " items");
}

Outcome repeated_items(DensityBench& bench) {
  const Index once[] = {0}, twice[] = {0, 0};
  bench.density.use_items(once);
  const Eigen::VectorXd single = log_density(bench.density, bench.z);
  bench.density.use_items(twice);
  const Eigen::VectorXd both = log_density(bench.density, bench.z);
  bench.density.use_items({});
  return judge(worst_disagreement(both, single, 1e-5), "draw");
}

}  // namespace

void check_minibatch(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::density | Ability::minibatch)) return;
  report.check("the mean over a partition into minibatches is the full log density", [&] {
    DensityBench made = density_bench(bench.subject);
    if (made.density.item_count() < 1)
      return failed("item_count() is ", made.density.item_count(), ", expected 1 or more");
    return unbiased(made);
  });
  report.check("the mean gradient over a partition is the full gradient", [&] {
    if (!bench.subject.can(Ability::gradient)) return not_applicable("there is no gradient");
    DensityBench made = density_bench(bench.subject);
    return unbiased_gradient(made);
  });
  report.check("an empty minibatch means all items again", [&] {
    DensityBench made = density_bench(bench.subject);
    return reset(made);
  });
  report.check("an item given twice counts twice and is scaled by N/2", [&] {
    DensityBench made = density_bench(bench.subject);
    return repeated_items(made);
  });
}

}  // namespace elbow::check
