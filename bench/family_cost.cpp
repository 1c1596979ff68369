// What noise and family cost per draw in a step of reparameterised variational inference, beside
// the model's own work, as the dimension grows: `bench_family_cost`. The arithmetic is that of the
// scale's numbers, D for a mean field and D (D + 1) / 2 for a Cholesky factor: the last column, the
// cost of a draw over their number, should not grow while the numbers fit the second-level cache.
// Ten draws of 100,000 coordinates (8 MB) and a Cholesky factor of 1000 (4 MB) do not: from there
// on memory's bandwidth counts too, in constant proportion. float64, one thread, the fastest of
// many repetitions.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "support/plugin_under_test.hpp"

namespace {

using namespace elbow;

/// Nanoseconds per draw of one call, the least of many within a fifth of a second.
template <class Work>
double nanoseconds(Index draws, Work work) {
  using Clock = std::chrono::steady_clock;
  using Nanoseconds = std::chrono::duration<double, std::nano>;
  const auto first = Clock::now();
  work();
  const int calls = std::max(1, int(1e5 / Nanoseconds(Clock::now() - first).count()));
  double least = 1e300;
  const auto begin = Clock::now();
  for (int repetition = 0; repetition < 5 || Nanoseconds(Clock::now() - begin).count() < 2e8;
       ++repetition) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i) work();
    least = std::min(least, Nanoseconds(Clock::now() - start).count() / calls / double(draws));
  }
  return least;
}

void row(const std::string& name, Index dimension, Index draws) {
  const auto q = test::family(name, dimension);
  const double scales = double(q->parameters().size() - dimension);
  Eigen::MatrixXd noise(dimension, draws), z(dimension, draws), g_z(dimension, draws);
  Eigen::VectorXd log_q(draws), weights = Eigen::VectorXd::Constant(draws, -1 / double(draws));
  g_z.setOnes();
  Gradient phi(q->parameters());
  RandomStream stream = test::stream(1);
  const double normals = nanoseconds(draws, [&] { stream.fill_normal(noise); });
  const double sample = nanoseconds(draws, [&] { q->sample(noise, z, log_q); });
  const double pullback = nanoseconds(draws, [&] { q->sample_pullback(g_z, weights, phi.out()); });
  const double log_prob = nanoseconds(draws, [&] { q->log_prob(z, log_q); });
  const double score =
      nanoseconds(draws, [&] { q->log_prob_pullback(weights, phi.out(), unwanted()); });
  const double whole = normals + sample + pullback;
  std::printf("%-20s %6td %4td %8.0f %8.0f %10.0f %8.0f %10.0f %10.0f %8.2f\n", name.c_str(),
              dimension, draws, normals, sample, pullback, log_prob, score, whole, whole / scales);
}

}  // namespace

int main() {
  std::printf("%-20s %6s %4s %8s %8s %10s %8s %10s %10s %8s\n", "ns per draw", "D", "S", "normals",
              "sample", "pullback", "log_prob", "pullback", "reparam.", "/ scales");
  for (const Index dimension : {10, 25, 100, 1000, 10'000, 100'000})
    row("gaussian_mean_field", dimension, 10);
  for (const Index dimension : {10, 25, 100, 300, 1000}) row("gaussian_full_rank", dimension, 10);
  for (const Index dimension : {25, 100}) {
    row("gaussian_mean_field", dimension, 64);
    row("gaussian_full_rank", dimension, 64);
  }
}
