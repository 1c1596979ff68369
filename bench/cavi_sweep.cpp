// What a CAVI sweep with its ELBO costs on a mixture of Gaussians: `bench_cavi_sweep [ITEMS
// COMPONENTS]`. The process's own time, the median over repetitions.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "support/built_plugin.hpp"

int main(int argc, char** argv) {
  using namespace elbow;
  std::vector<std::pair<Index, Index>> sizes = {{1000, 5}, {10000, 5}, {100000, 5}};
  if (argc > 2) sizes = {{std::atol(argv[1]), std::atol(argv[2])}};
  for (const auto& [items, components] : sizes) {
    const auto model =
        test::model("bayesian_gaussian_mixture", {{"items", items}, {"components", components}});
    Conjugate& conjugate = *model->conjugate();
    RandomStream stream = test::stream(1);
    conjugate.initialize(stream);
    double elbo = 0;
    std::vector<double> seconds;
    const std::clock_t start = std::clock();
    while (seconds.size() < 5 || std::clock() - start < CLOCKS_PER_SEC) {
      const std::clock_t before = std::clock();
      constexpr int sweeps = 5;
      for (int sweep = 0; sweep < sweeps; ++sweep) {
        for (Index b = 0; b < conjugate.block_count(); ++b) conjugate.update_block(b);
        elbo += conjugate.elbo();
      }
      seconds.push_back(double(std::clock() - before) / CLOCKS_PER_SEC / sweeps);
    }
    std::nth_element(seconds.begin(), seconds.begin() + long(seconds.size() / 2), seconds.end());
    std::printf("elbow %ld items %ld components %.3e s per sweep\n", long(items), long(components),
                seconds[seconds.size() / 2]);
  }
}
