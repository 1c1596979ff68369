// What a step of reparameterised variational inference costs with a flow (noise, draws and their
// density, a cheap target, pull-back, Adam): `bench_flow_step [FAMILY [D [DRAWS]]]`, by default
// every flow in 10 dimensions with 64 draws. The process's own time, the median over repetitions.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "support/plugin_under_test.hpp"

namespace {

using namespace elbow;

class StandardNormal final : public Model, public Density {
 public:
  explicit StandardNormal(Index dimension) : dimension_(dimension) {}
  Density* density() override { return this; }
  Index dimension() const override { return dimension_; }
  std::vector<Variable> variables() const override { return {{"z", {dimension_}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_p = -0.5 * z.colwise().squaredNorm().transpose();
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient = -z;
  }

 private:
  Index dimension_;
};

void measure(const std::string& name, Index dimension, Index draws) {
  StandardNormal target(dimension);
  test::OptionMap options;
  if (name == "real_nvp" || name == "neural_spline") options["split"] = std::string("halves");
  const auto q = test::family(name, dimension, options);
  const auto method = test::estimator("reparameterized", target, &*q, {{"draws", draws}});
  const auto moves = test::optimizer("adam", method->trained(), {{"learning_rate", 1e-3}}, 1000000);
  Eigen::VectorXd trace(Index(method->trace_fields().size()));
  Index step = 0;
  std::vector<double> seconds;
  for (const std::clock_t start = std::clock();
       seconds.size() < 5 || std::clock() - start < 2 * CLOCKS_PER_SEC;) {
    const std::clock_t before = std::clock();
    constexpr int steps = 50;
    for (int i = 0; i < steps; ++i, ++step) {
      Fit fit{target, &*q, &*moves, step, test::stream(1).substream(std::uint64_t(step)), {}};
      method->step(fit, trace);
    }
    seconds.push_back(double(std::clock() - before) / CLOCKS_PER_SEC / steps);
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("elbow    %-22s float64 D %td draws %td parameters %td %.3e s per step\n",
              name.c_str(), dimension, draws, q->parameters().size(), seconds[seconds.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> names = {
      "real_nvp", "neural_spline", "masked_autoregressive", "inverse_autoregressive",
      "planar",   "radial"};
  if (argc > 1) names = {argv[1]};
  for (const std::string& name : names)
    measure(name, argc > 2 ? std::atol(argv[2]) : 10, argc > 3 ? std::atol(argv[3]) : 64);
}
