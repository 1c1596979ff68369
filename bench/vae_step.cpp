// One training step of a variational autoencoder, all of it: gathering and binarising a batch,
// noise, networks forward and backward, Bernoulli likelihood, closed KL, Adam: `bench_vae_step
// [SECONDS PER ROW]`. Medians of the process's own time; one thread. A line `step WIDTHS BATCH
// MICROSECONDS ELBO` for each architecture, for bench/torch_vae.sh.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <elbow/dense_network.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "support/built_plugin.hpp"

namespace {

using namespace elbow;
using Network = DenseNetwork<float>;

double seconds_per_row = 2;

double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// Images of strokes: a mean image with noise in it, as many pixels as MNIST's.
Array images(Index count, Index pixels) {
  RandomStream stream(1, 0, "images");
  std::vector<std::uint8_t> bytes;
  for (Index i = 0; i < count * pixels; ++i)
    bytes.push_back(std::uint8_t(stream.uniform() < 0.2 ? 255 * stream.uniform() : 0));
  return {{count, pixels}, std::move(bytes)};
}

/// Adds the item's log p(x | z) = sum_i x_i l_i - log(1 + e^l_i) to a sum and overwrites the logits
/// l by its gradient x - sigmoid(l).
double bernoulli(Eigen::Ref<const Eigen::ArrayXf> x, Eigen::Ref<Eigen::ArrayXf> logits) {
  double sum = 0;
  constexpr Index block = 64;  // stays in registers and the first cache
  Eigen::Array<float, block, 1> e, larger;
  for (Index i = 0; i < x.size(); i += block) {
    const Index n = std::min(block, x.size() - i);
    auto l = logits.segment(i, n);
    const auto pixel = x.segment(i, n);
    e.head(n) = (-l.abs()).exp();
    larger.head(n) = 1 / (1 + e.head(n));
    sum += double((pixel * l - l.max(0) + larger.head(n).log()).sum());
    l = pixel - (l < 0).select(e.head(n) * larger.head(n), larger.head(n));
  }
  return sum;
}

class Autoencoder {
 public:
  Autoencoder(const std::vector<Index>& widths, Index batch, const Array& data)
      : data_(data),
        latent_(widths.back()),
        items_(std::size_t(batch)),
        order_(std::size_t(data.item_count())),
        noise_(latent_, batch),
        uniforms_(data.item_size(), batch),
        pixels_(data.item_size(), batch),
        encoder_(network("encoder", widths.front(), up(widths))),
        decoder_(network("decoder", latent_, {widths.rbegin() + 1, widths.rend()})),
        gradient_(parameters_),
        adam_(test::optimizer("adam", trained_, {{"learning_rate", 1e-3}})) {
    encoder_.begin(encoding_, batch);
    decoder_.begin(decoding_, batch);
    std::iota(order_.begin(), order_.end(), 0);
  }

  /// @return the batch's ELBO per item, nats
  double step() {
    next_batch();
    gradient_.set_zero();
    encoder_.forward(parameters_, encoding_);
    const auto mean = encoding_.output().topRows(latent_),
               log_sd = encoding_.output().bottomRows(latent_);
    stream_.fill_normal(noise_);
    const Eigen::MatrixXf noise = noise_.cast<float>(), sd = log_sd.array().exp();
    decoding_.input() = mean + sd.cwiseProduct(noise);
    decoder_.forward(parameters_, decoding_);
    double elbo = 0;
    for (Index b = 0; b < pixels_.cols(); ++b) {
      decoding_.output_gradient().col(b) = decoding_.output().col(b);
      elbo += bernoulli(pixels_.col(b), decoding_.output_gradient().col(b));
    }
    elbo -=
        0.5 * double((mean.array().square() + sd.array().square() - 1 - 2 * log_sd.array()).sum());
    const float scale = 1 / float(pixels_.cols());
    decoding_.output_gradient() *= scale;
    decoder_.backward(parameters_, decoding_, gradient_.out());
    const auto g_z = decoding_.input_gradient();
    encoding_.output_gradient().topRows(latent_) = g_z - scale * mean;
    encoding_.output_gradient().bottomRows(latent_) =
        (g_z.array() * noise.array() * sd.array() - scale * (sd.array().square() - 1)).matrix();
    encoder_.backward(parameters_, encoding_, gradient_.out(), false);
    const Gradient* gradients[] = {&gradient_};
    adam_->step(gradients);
    return elbo / double(pixels_.cols());
  }

 private:
  static std::vector<Index> up(const std::vector<Index>& widths) {
    std::vector<Index> outputs(widths.begin() + 1, widths.end());
    outputs.back() *= 2;  // a mean and the logarithm of a standard deviation
    return outputs;
  }

  Network network(const std::string& name, Index inputs, const std::vector<Index>& outputs) {
    std::vector<DenseLayer> layers;
    for (const Index width : outputs)
      layers.push_back({width, Activation::relu, WeightStart::glorot, 1, {}});
    layers.back().activation = Activation::identity;
    return Network(parameters_, name, inputs, layers, stream_);
  }

  /// The next items of a shuffled order, dynamically binarised.
  void next_batch() {
    if (next_ + items_.size() > order_.size()) next_ = 0;
    if (next_ == 0) stream_.shuffle(order_);
    std::copy_n(order_.begin() + long(next_), items_.size(), items_.begin());
    next_ += items_.size();
    data_.gather(items_, pixels_);
    stream_.fill_uniform(uniforms_);
    pixels_ = (uniforms_.cast<float>().array() * 255 < pixels_.array()).cast<float>();
    encoding_.input() = pixels_;
  }

  const Array& data_;
  Index latent_;
  RandomStream stream_{1, 0, "bench"};
  Parameters parameters_;
  Parameters* trained_[1] = {&parameters_};
  std::vector<Index> items_, order_;
  std::size_t next_ = 0;
  Eigen::MatrixXd noise_, uniforms_;
  Eigen::MatrixXf pixels_;
  Network encoder_, decoder_;
  Network::Pass encoding_, decoding_;
  Gradient gradient_;
  test::Built<Optimizer> adam_;
};

void measure(const std::vector<Index>& widths, Index batch, const Array& data) {
  Autoencoder autoencoder(widths, batch, data);
  std::vector<double> times;
  double elbo = 0;
  for (int i = 0; i < 20; ++i) autoencoder.step();
  const double start = cpu_seconds();
  while (cpu_seconds() - start < seconds_per_row || times.size() < 20) {
    const double before = cpu_seconds();
    constexpr int calls = 5;
    for (int i = 0; i < calls; ++i) elbo = autoencoder.step();
    times.push_back((cpu_seconds() - before) / calls);
  }
  std::nth_element(times.begin(), times.begin() + long(times.size() / 2), times.end());
  std::string name;
  for (const Index width : widths)
    name.append(name.empty() ? "" : "-").append(std::to_string(width));
  std::printf("step %s %ld %.1f %.1f\n", name.c_str(), long(batch), 1e6 * times[times.size() / 2],
              elbo);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) seconds_per_row = std::atof(argv[1]);
  const Array data = images(10'000, 784);
  measure({784, 400, 20}, 128, data);
  measure({784, 200, 200, 50}, 20, data);
  measure({784, 64, 8}, 64, data);
}
