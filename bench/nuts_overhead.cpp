// What NUTS itself costs per gradient, the model excluded, beside the goal of 0.5 us + 5 ns per
// dimension: `bench_nuts_overhead`. A standard normal target, whose own time is measured alone and
// taken off; one thread, the fastest of many repetitions.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "support/built_plugin.hpp"

namespace {

using namespace elbow;
using Clock = std::chrono::steady_clock;

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

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Nanoseconds of one gradient of the model alone.
double model_cost(StandardNormal& target) {
  constexpr int calls = 2000;
  const Eigen::MatrixXd z = Eigen::MatrixXd::Ones(target.dimension(), 1);
  Eigen::MatrixXd gradient(target.dimension(), 1);
  Eigen::VectorXd log_p(1);
  Density& density = target;
  double least = 1e300;
  for (int repetition = 0; repetition < 50; ++repetition) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i) density.log_density_gradient(z, log_p, gradient);
    least = std::min(least, seconds_since(start) / calls);
  }
  return 1e9 * least;
}

/// Nanoseconds of NUTS per gradient, model included. Momenta and all else that is done once per
/// transition count too.
double sampler_cost(StandardNormal& target, double step_size, double& steps_per_transition) {
  constexpr int transitions = 50;
  const auto moves = test::sampler("nuts", target, 1, 0, 1, {{"step_size", step_size}});
  Eigen::MatrixXd z = Eigen::MatrixXd::Ones(target.dimension(), 1);
  Eigen::MatrixXd statistics(Index(moves->statistics().size()), 1);
  Eigen::VectorXd log_density(1), log_weights(1);
  target.log_density(z, log_density);
  std::vector<RandomStream> streams(1, test::stream(1));
  double least = 1e300, all_steps = 0;
  Index iteration = 0;
  for (int repetition = 0; repetition < 100; ++repetition) {
    double steps = 0;
    const auto start = Clock::now();
    for (int i = 0; i < transitions; ++i, ++iteration) {
      streams[0] = test::stream(1).substream(std::uint64_t(iteration));
      Transition t{iteration, false, streams, z, log_density, statistics, log_weights, 0};
      moves->transition(t);
      steps += statistics(3, 0);  // n_steps
    }
    least = std::min(least, seconds_since(start) / steps);
    all_steps += steps;
  }
  steps_per_transition = all_steps / (100.0 * transitions);
  return 1e9 * least;
}

}  // namespace

int main() {
  std::printf("ns per gradient     D   steps    model     NUTS  overhead     goal\n");
  for (const Index dimension : {1, 10, 100, 1000})
    for (const double step : {0.5, 0.1}) {
      StandardNormal target(dimension);
      double steps = 0;
      const double model = model_cost(target), total = sampler_cost(target, step, steps);
      std::printf("%21td %7.1f %8.0f %8.0f %9.0f %8.0f\n", dimension, steps, model, total,
                  total - model, 500 + 5 * double(dimension));
    }
}
