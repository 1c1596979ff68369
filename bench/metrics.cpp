// What measuring a finished sample costs: `bench_metrics`. Four chains of 25,000 draws of 100
// quantities for the diagnostics, and samples of the sizes that the host compares. One thread.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "diagnostics/classifier_two_sample.hpp"
#include "diagnostics/draws_summary.hpp"
#include "diagnostics/psis.hpp"
#include "diagnostics/stein_discrepancy.hpp"
#include "diagnostics/two_sample.hpp"

namespace {

using namespace elbow;

Eigen::MatrixXd normals(Index rows, Index cols, std::uint64_t seed) {
  Eigen::MatrixXd x(rows, cols);
  RandomStream(seed, 0, "metrics").fill_normal(x);
  return x;
}

template <class Work>
void row(const char* name, Work work) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const double value = work();
  const std::chrono::duration<double> spent = Clock::now() - start;
  std::printf("%-64s %9.3f s   (%.4g)\n", name, spent.count(), value);
  std::fflush(stdout);
}

}  // namespace

int main() {
  Eigen::MatrixXd chains = normals(25000, 4, 1);
  for (Index i = 1; i < chains.rows(); ++i)
    chains.row(i) = 0.7 * chains.row(i - 1) + 0.71 * chains.row(i);
  row("diagnostics of 100 quantities, 4 x 25,000 draws", [&] {
    double sum = 0;
    for (int i = 0; i < 100; ++i) sum += draws_summary(chains)[draws_summary_place("rhat")];
    return sum / 100;
  });
  const Eigen::VectorXd ratios = 0.2 * normals(100000, 1, 2);
  row("PSIS of 100,000 weights", [&] { return psis(ratios).pareto_k; });
  const Eigen::MatrixXd x = normals(100, 10000, 3), y = normals(100, 10000, 4);
  row("Wasserstein-1 of 100 margins, 10,000 draws of each", [&] {
    double largest = 0;
    for (Index d = 0; d < 100; ++d)
      largest =
          std::max(largest, wasserstein_1(x.row(d).transpose(), 1e4, y.row(d).transpose()).value);
    return largest;
  });
  row("symmetric KL of Gaussians, D = 100, 10,000 draws of each",
      [&] { return symmetric_gaussian_kl(x, y).value; });
  row("squared MMD, D = 100, 500 draws of each",
      [&] { return mmd_squared(x.leftCols(500), y.leftCols(500), median_distance(y)).value; });
  row("squared KSD, D = 100, 500 draws",
      [&] { return ksd_squared(x.leftCols(500), -x.leftCols(500)).value; });
  for (const Index d : {2, 10}) {
    char name[96];
    std::snprintf(name, sizeof name, "classifier two-sample test, D = %td, 10,000 draws of each",
                  d);
    row(name, [&] {
      return classifier_accuracy(x.topRows(d), y.topRows(d), RandomStream(1, 0, "c2st")).value;
    });
  }
}
