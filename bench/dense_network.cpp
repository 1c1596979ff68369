// What a training step of a dense network costs beside the machine's float32 matrix product:
// `bench_dense_network [SECONDS PER ROW]`. Medians of the process's own time; one thread.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <elbow/dense_network.hpp>
#include <string>
#include <vector>

namespace {

using namespace elbow;

double seconds_per_row = 1;

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
double product_rate() {
  const Index n = 512;
  const Eigen::MatrixXf a = Eigen::MatrixXf::Random(n, n), b = Eigen::MatrixXf::Random(n, n);
  Eigen::MatrixXf c(n, n);
  return 2.0 * double(n * n * n) / median_seconds([&] { c.noalias() = a * b; });
}

/// Encoder and decoder of an autoencoder, forward and backward: all products of its training step.
void measure(const std::vector<Index>& widths, Index batch, double rate, double target) {
  Parameters parameters;
  RandomStream stream(1, 0, "bench");
  const auto network = [&](const std::string& name, Index inputs, std::vector<Index> outputs) {
    std::vector<DenseLayer> layers;
    for (const Index width : outputs)
      layers.push_back({width, Activation::relu, WeightStart::he, 1, {}});
    layers.back().activation = Activation::identity;
    return DenseNetwork<float>(parameters, name, inputs, layers, stream);
  };
  std::vector<Index> up(widths.begin() + 1, widths.end()), down(widths.rbegin() + 1, widths.rend());
  up.back() *= 2;  // a mean and a scale
  auto encoder = network("encoder", widths.front(), up);
  auto decoder = network("decoder", widths.back(), down);
  DenseNetwork<float>::Pass encoding, decoding;
  encoder.begin(encoding, batch);
  decoder.begin(decoding, batch);
  encoding.input().setRandom();
  Gradient gradient(parameters);
  const double seconds = median_seconds([&] {
    gradient.set_zero();
    encoder.forward(parameters, encoding);
    decoding.input() = encoding.output().topRows(widths.back());
    decoder.forward(parameters, decoding);
    decoding.output_gradient() = decoding.output();
    decoder.backward(parameters, decoding, gradient.out());
    encoding.output_gradient().setZero();
    encoding.output_gradient().topRows(widths.back()) = decoding.input_gradient();
    encoder.backward(parameters, encoding, gradient.out(), false);
  });
  // Three products of two operations per weight and item; the first layer has no gradient to pull
  // back to its input.
  double weights = 0;
  for (const BlockInfo& block : parameters.blocks())
    if (block.cols > 1) weights += double(block.rows * block.cols);
  const double operations = double(batch) * (6 * weights - 2 * double(widths[0] * widths[1]));
  std::string name;
  for (const Index width : widths)
    name.append(name.empty() ? "" : "-").append(std::to_string(width));
  std::printf("%-16s %5ld %10.1f %10.1f %9.0f%%", name.c_str(), long(batch), 1e6 * seconds,
              operations / seconds / 1e9, 100 * operations / seconds / rate);
  if (target > 0) std::printf(" %8.0f%%", 100 * target);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) seconds_per_row = std::atof(argv[1]);
  const double rate = product_rate();
  std::printf("One core's float32 matrix product (512 x 512): %.0f Gflop/s.\n", rate / 1e9);
  std::printf("Training step of an autoencoder without its loss and optimizer.\n\n");
  std::printf("%-16s %5s %10s %10s %10s %9s\n", "widths", "batch", "us", "Gflop/s", "of rate",
              "target");
  measure({784, 400, 20}, 128, rate, 0.75);
  measure({784, 400, 20}, 20, rate, 0.6);
  measure({784, 200, 200, 50}, 20, rate, 0);
  measure({784, 64, 8}, 64, rate, 0);
  measure({16, 64, 64, 16}, 64, rate, 0);
  measure({5, 32, 32, 10}, 64, rate, 0);
}
