// What a mean-field ELBO gradient of logistic regression costs per draw, beside what the machine
// can do: `bench_logistic_regression [SECONDS PER ROW]`. Medians of the process's
// own time; one thread.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "support/built_plugin.hpp"

namespace {

using namespace elbow;

double seconds_per_row = 1;

/// Of this process, so that others on the machine matter less.
double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// The median over repetitions of one call's seconds.
template <class Work>
double median_seconds(Work work) {
  work();
  const double first = cpu_seconds();
  work();
  const double once = std::max(cpu_seconds() - first, 1e-6);
  const int calls = std::max(1, int(1e-3 / once));
  std::vector<double> times;
  const double start = cpu_seconds();
  while (cpu_seconds() - start < seconds_per_row || times.size() < 5) {
    const double before = cpu_seconds();
    for (int i = 0; i < calls; ++i) work();
    times.push_back((cpu_seconds() - before) / calls);
  }
  const auto middle = times.begin() + long(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

/// Eigen's product of two square matrices that stay in the cache, in operations per second.
template <class T>
double product_rate() {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  const Index n = 512;
  const Matrix a = Matrix::Random(n, n), b = Matrix::Random(n, n);
  Matrix c(n, n);
  return 2.0 * double(n * n * n) / median_seconds([&] { c.noalias() = a * b; });
}

/// Reading 400 MB, in bytes per second.
double stream_rate() {
  const Eigen::VectorXd x = Eigen::VectorXd::Ones(50'000'000);
  volatile double sink = 0;
  return double(x.size()) * sizeof(double) / median_seconds([&] { sink = x.sum(); });
}

struct Case {
  Index items, dimension, draws;
  std::string precision;
  double target_microseconds;  ///< 0: none
};

void measure(const Case& c, double product_rate, double stream_rate) {
  const auto model =
      test::model("logistic_regression",
                  {{"items", c.items}, {"dimension", c.dimension}, {"precision", c.precision}});
  const auto family = test::family("gaussian_mean_field", c.dimension);
  Density& density = *model->density();
  RandomStream stream = test::stream(1);
  Eigen::MatrixXd noise(c.dimension, c.draws), z = noise, gradient = noise;
  Eigen::VectorXd log_p(c.draws), log_q(c.draws);
  const Eigen::VectorXd g_log_q = Eigen::VectorXd::Constant(c.draws, -1.0);
  Gradient phi(family->parameters());
  const double whole = median_seconds([&] {
    fill_noise(family->noise(), stream, noise);
    family->sample(noise, z, log_q);
    density.log_density_gradient(z, log_p, gradient);
    phi.set_zero();
    family->sample_pullback(gradient, g_log_q, phi.out());
  });
  const double density_only =
      median_seconds([&] { density.log_density_gradient(z, log_p, gradient); });
  // Both products at the machine's rate, and data that no cache holds once through its memory.
  const double numbers = double(c.items * c.dimension);
  const double bytes = numbers * (c.precision == "f32" ? 4 : 8);
  const double products = 4 * numbers * double(c.draws) / product_rate;
  const double reading = bytes > 10e6 ? bytes / stream_rate : 0;
  const double per_draw = 1e6 / double(c.draws);
  std::printf("%8ld %5ld %4ld  %s %10.2f %10.2f %10.2f %10.2f %10.2f %8.0f%%\n", long(c.items),
              long(c.dimension), long(c.draws), c.precision.c_str(), c.target_microseconds,
              whole * per_draw, density_only * per_draw, products * per_draw, reading * per_draw,
              100 * std::max(products, reading) / whole);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) seconds_per_row = std::atof(argv[1]);
  const double f32 = product_rate<float>();
  const double f64 = product_rate<double>();
  const double stream = stream_rate();
  std::printf("One core's matrix product: %.0f Gflop/s f32, %.0f f64. Reading memory: %.1f GB/s.\n",
              f32 / 1e9, f64 / 1e9, stream / 1e9);
  std::printf(
      "Mean-field ELBO gradient (noise, sample, density, pull-back), us per draw; limit: the\n"
      "larger of its two matrix products and reading its data, as a share of the whole.\n\n");
  std::printf("%8s %5s %4s  %3s %10s %10s %10s %10s %10s %9s\n", "N", "D", "S", "", "target",
              "measured", "density", "products", "reading", "limit");
  measure({1000, 25, 64, "f32", 1.6}, f32, stream);
  measure({1000, 25, 10, "f64", 4}, f64, stream);
  measure({100'000, 100, 16, "f32", 600}, f32, stream);
  measure({1000, 25, 10, "f32", 0}, f32, stream);
  measure({1000, 25, 64, "f64", 0}, f64, stream);
  measure({1000, 25, 1, "f64", 0}, f64, stream);
  measure({100'000, 100, 16, "f64", 0}, f64, stream);
}
