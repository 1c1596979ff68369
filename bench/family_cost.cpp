// What noise and family cost per draw in a step of reparameterised variational inference, beside
// the model's own work: `bench_family_cost`. float64, one thread, the fastest of many repetitions.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "support/plugin_under_test.hpp"

namespace {

using namespace elbow;

/// Nanoseconds per draw of one call, the least of many.
template <class Work>
double nanoseconds(Index draws, Work work) {
  using Clock = std::chrono::steady_clock;
  constexpr int calls = 10;
  double least = 1e300;
  for (int repetition = 0; repetition < 60; ++repetition) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i) work();
    const std::chrono::duration<double, std::nano> spent = Clock::now() - start;
    least = std::min(least, spent.count() / calls / double(draws));
  }
  return least;
}

void row(const std::string& name, Index dimension, Index draws) {
  const auto q = test::family(name, dimension);
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
  std::printf("%-20s %4td %4td %8.0f %8.0f %10.0f %8.0f %10.0f %10.0f\n", name.c_str(), dimension,
              draws, normals, sample, pullback, log_prob, score, normals + sample + pullback);
}

}  // namespace

int main() {
  std::printf(
      "ns per draw             D    S  normals   sample   pullback log_prob   pullback  "
      "reparam.\n");
  for (const Index dimension : {25, 100})
    for (const Index draws : {10, 64}) {
      row("gaussian_mean_field", dimension, draws);
      row("gaussian_full_rank", dimension, draws);
    }
}
