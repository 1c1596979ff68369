// What the model `stan` adds to a gradient of the library that it calls, beside the goal of 200 ns:
// `bench_stan_overhead [LIBRARY [DATA]]`. The library is called directly and through the plugin,
// one point at a time and in blocks, by turns; the least of many repetitions of each. Without
// arguments it is the stand-in for eight schools of tests/stan, which takes little time itself.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include "../plugins/models/stan/bridgestan_library.hpp"
#include "support/built_plugin.hpp"

namespace {

using namespace elbow;
using Clock = std::chrono::steady_clock;

double nanoseconds(int calls, const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / calls;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string programs = ELBOW_PLUGINS "/../../../tests/stan";
  const std::string file = count > 1 ? arguments[1] : programs + "/schools.so";
  const std::string data = count > 2 ? arguments[2] : count > 1 ? "" : programs + "/schools.json";
  test::OptionMap options = {{"library", file}, {"seed", Index(1)}};
  if (!data.empty()) options.emplace("data", data);
  try {
    const BridgeStanLibrary library(file);
    char* error = nullptr;
    auto* const program = library.construct(data.c_str(), 1, &error);
    if (!program) throw Error(library.take(error));
    const auto model = test::model("stan", options);
    Density& density = *model->density();

    std::printf("%s, D = %td\n", file.c_str(), density.dimension());
    std::printf("%8s  %14s  %14s  %10s\n", "block", "library ns", "plugin ns", "added ns");
    for (const Index block : {Index(1), Index(16), Index(256)}) {
      Eigen::MatrixXd z(density.dimension(), block), gradient = z;
      test::stream(1).fill_normal(z);
      Eigen::VectorXd log_p(block);
      const int blocks = std::max(1, int(2000 / block)), calls = blocks * int(block);
      double direct = 1e300, through = 1e300;
      for (int repetition = 0; repetition < 200; ++repetition) {
        direct =
            std::min(direct, nanoseconds(calls, [&] {
                       for (int b = 0; b < blocks; ++b)
                         for (Index s = 0; s < block; ++s)
                           library.log_density_gradient(program, false, true, z.col(s).data(),
                                                        &log_p[s], gradient.col(s).data(), &error);
                     }));
        through = std::min(through, nanoseconds(calls, [&] {
                             for (int b = 0; b < blocks; ++b)
                               density.log_density_gradient(z, log_p, gradient);
                           }));
      }
      std::printf("%8td  %14.1f  %14.1f  %10.1f\n", block, direct, through, through - direct);
    }
    library.destruct(program);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
