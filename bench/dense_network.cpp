// What a training step of a dense network costs beside the machine's float32 matrix product:
// `bench_dense_network [SECONDS PER ROW]`. Medians of the process's own time; one thread.
// The fraction of the rate is measured in turn with the faster of Eigen's and OpenBLAS's product.

#include <dlfcn.h>

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

/// The seconds of one call, the mean over some milliseconds of calls after one that fills the
/// caches.
template <class Work>
class Timed {
 public:
  explicit Timed(Work work) : work_(std::move(work)) {
    work_();
    const double first = cpu_seconds();
    work_();
    calls_ = std::max(1, int(5e-3 / std::max(cpu_seconds() - first, 1e-6)));
  }
  double operator()() const {
    work_();
    const double before = cpu_seconds();
    for (int i = 0; i < calls_; ++i) work_();
    return (cpu_seconds() - before) / calls_;
  }

 private:
  Work work_;
  int calls_ = 1;
};

double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + long(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

template <class Work>
double median_seconds(Work work) {
  const Timed<Work> timed(work);
  std::vector<double> times;
  const double start = cpu_seconds();
  while (cpu_seconds() - start < seconds_per_row || times.size() < 5) times.push_back(timed());
  return median(std::move(times));
}

/// Products of two square matrices, in operations per second: the best over several sizes.
struct Rate {
  double eigen = 0, openblas = 0;  ///< 0: not installed
};

/// cblas_sgemm of Debian's libopenblas0, with one thread, where it is installed.
class OpenBlas {
 public:
  OpenBlas() {
    void* const library = ::dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    product_ = reinterpret_cast<Product>(::dlsym(library, "cblas_sgemm"));
    using SetThreads = void (*)(int);
    if (const auto set = reinterpret_cast<SetThreads>(::dlsym(library, "openblas_set_num_threads")))
      set(1);
    using GetName = char* (*)();
    if (const auto name = reinterpret_cast<GetName>(::dlsym(library, "openblas_get_corename")))
      core_ = name();
  }
  bool is_there() const { return product_ != nullptr; }
  const std::string& core() const { return core_; }
  void operator()(const Eigen::MatrixXf& a, const Eigen::MatrixXf& b, Eigen::MatrixXf& c) const {
    constexpr int column_major = 102, plain = 111;
    product_(column_major, plain, plain, int(c.rows()), int(c.cols()), int(a.cols()), 1, a.data(),
             int(a.rows()), b.data(), int(b.rows()), 0, c.data(), int(c.rows()));
  }

 private:
  using Product = void (*)(int, int, int, int, int, int, float, const float*, int, const float*,
                           int, float, float*, int);
  Product product_ = nullptr;
  std::string core_;
};

Rate product_rate(const OpenBlas& openblas) {
  Rate rate;
  for (const Index n : {384, 512, 1024}) {
    const Eigen::MatrixXf a = Eigen::MatrixXf::Random(n, n), b = Eigen::MatrixXf::Random(n, n);
    Eigen::MatrixXf c(n, n);
    const double operations = 2.0 * double(n * n * n);
    rate.eigen = std::max(rate.eigen, operations / median_seconds([&] { c.noalias() = a * b; }));
    if (openblas.is_there())
      rate.openblas =
          std::max(rate.openblas, operations / median_seconds([&] { openblas(a, b, c); }));
  }
  return rate;
}

/// Times a step in turn with the faster of the two products, so that both see the machine in the
/// same state. @return the medians of their seconds, and of the ratio of their rates
struct Beside {
  double seconds, fraction;
};
template <class Work>
Beside beside_product(Work work, double operations, const OpenBlas& openblas, bool use_openblas) {
  const Index n = 512;
  const Eigen::MatrixXf a = Eigen::MatrixXf::Random(n, n), b = Eigen::MatrixXf::Random(n, n);
  Eigen::MatrixXf c(n, n);
  const Timed<Work> step(work);
  const Timed product([&] {
    if (use_openblas)
      openblas(a, b, c);
    else
      c.noalias() = a * b;
  });
  std::vector<double> seconds, fractions;
  const double start = cpu_seconds();
  double before = product();
  while (cpu_seconds() - start < seconds_per_row || seconds.size() < 5) {
    seconds.push_back(step());
    const double after = product();
    fractions.push_back(operations / seconds.back() /
                        (2.0 * double(n * n * n) / (0.5 * (before + after))));
    before = after;
  }
  return {median(seconds), median(fractions)};
}

/// Encoder and decoder of an autoencoder, forward and backward: all products of its training step.
/// With tanh between the layers every operation counted is done; with ReLU those with zeros are
/// left out, so that the fraction may exceed 1.
void measure(const std::vector<Index>& widths, Index batch, Activation hidden,
             const OpenBlas& openblas, bool use_openblas, double target) {
  Parameters parameters;
  RandomStream stream(1, 0, "bench");
  const auto network = [&](const std::string& name, Index inputs, std::vector<Index> outputs) {
    std::vector<DenseLayer> layers;
    for (const Index width : outputs) layers.push_back({width, hidden, WeightStart::he, 1, {}});
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
  const auto step = [&] {
    gradient.set_zero();
    encoder.forward(parameters, encoding);
    decoding.input() = encoding.output().topRows(widths.back());
    decoder.forward(parameters, decoding);
    decoding.output_gradient() = decoding.output();
    decoder.backward(parameters, decoding, gradient.out());
    encoding.output_gradient().setZero();
    encoding.output_gradient().topRows(widths.back()) = decoding.input_gradient();
    encoder.backward(parameters, encoding, gradient.out(), false);
  };
  // Three products of two operations per weight and item; the first layer has no gradient to pull
  // back to its input.
  double weights = 0;
  for (const BlockInfo& block : parameters.blocks())
    if (block.cols > 1) weights += double(block.rows * block.cols);
  const double operations = double(batch) * (6 * weights - 2 * double(widths[0] * widths[1]));
  const auto [seconds, fraction] = beside_product(step, operations, openblas, use_openblas);
  std::string name;
  for (const Index width : widths)
    name.append(name.empty() ? "" : "-").append(std::to_string(width));
  std::printf("%-16s %5ld %6s %10.1f %10.1f %9.0f%%", name.c_str(), long(batch),
              hidden == Activation::tanh ? "tanh" : "relu", 1e6 * seconds,
              operations / seconds / 1e9, 100 * fraction);
  if (target > 0) std::printf(" %8.0f%%", 100 * target);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) seconds_per_row = std::atof(argv[1]);
  // What may be set to choose slower kernels than this machine has.
  ::unsetenv("OPENBLAS_CORETYPE");
  ::unsetenv("OPENBLAS_L2_SIZE");
  const OpenBlas openblas;
  const Rate measured = product_rate(openblas);
  const bool use_openblas = measured.openblas > measured.eigen;
  std::printf("One core's float32 product of square matrices: Eigen %.0f Gflop/s, ",
              measured.eigen / 1e9);
  if (openblas.is_there())
    std::printf("OpenBLAS (%s) %.0f.\n", openblas.core().c_str(), measured.openblas / 1e9);
  else
    std::printf("OpenBLAS (libopenblas0) is not installed.\n");
  std::printf("Training step of an autoencoder without its loss and optimizer.\n\n");
  std::printf("%-16s %5s %6s %10s %10s %10s %9s\n", "widths", "batch", "hidden", "us", "Gflop/s",
              "of rate", "target");
  for (const Activation hidden : {Activation::tanh, Activation::relu}) {
    const auto row = [&](const std::vector<Index>& widths, Index batch, double target) {
      measure(widths, batch, hidden, openblas, use_openblas, target);
    };
    row({784, 400, 20}, 128, 0.75);
    row({784, 400, 20}, 20, 0.6);
    row({784, 200, 200, 50}, 128, 0.75);
    row({784, 200, 200, 50}, 20, 0.6);
    row({784, 64, 8}, 64, 0);
    row({16, 64, 64, 16}, 64, 0);
    row({5, 32, 32, 10}, 64, 0);
  }
}
