// One training step of a variational autoencoder as a fit takes it, by the plugins themselves:
// model vae, family amortized_gaussian, estimator amortized_elbo, optimizer adam without the
// average of its iterates: `bench_vae_step [SECONDS PER ROW] [ROW]`. Medians of the process's
// own time; one thread. A line `step WIDTHS BATCH MICROSECONDS ELBO` for each architecture, for
// bench/torch_vae.sh.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "cell/minibatches.hpp"
#include "support/built_plugin.hpp"

namespace {

using namespace elbow;

double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// Images of as many pixels as MNIST's, a tenth of which is ink.
std::shared_ptr<const Array> images() {
  constexpr Index count = 10'000, side = 28;
  RandomStream stream(1, 0, "images");
  std::vector<std::uint8_t> bytes;
  for (Index i = 0; i < count * side * side; ++i)
    bytes.push_back(std::uint8_t(stream.uniform() < 0.2 ? 255 * stream.uniform() : 0));
  return std::make_shared<const Array>(Array{{count, side, side}, std::move(bytes)});
}

/// @param widths  of the pixels, the encoder's hidden layers and the latents
void measure(const std::vector<double>& widths, Index batch, std::shared_ptr<const Array> data,
             double seconds) {
  const Eigen::VectorXd hidden = Eigen::VectorXd::Map(widths.data() + 1, Index(widths.size()) - 2);
  const Index latents = Index(widths.back());
  const auto model = test::model("vae", {{"data", std::move(data)},
                                         {"latents", std::int64_t(latents)},
                                         {"hidden", Eigen::VectorXd(hidden.reverse())},
                                         {"activation", std::string("relu")}});
  LatentItems& items = *model->latent_items();
  const auto family = test::family("amortized_gaussian", latents,
                                   {{"hidden", hidden}, {"activation", std::string("relu")}}, 1,
                                   items.feature_dimension());
  const auto estimator = test::estimator("amortized_elbo", *model, &*family);
  const auto trained = estimator->trained();
  const auto adam = test::optimizer(
      "adam", trained,
      {{"learning_rate", 1e-3}, {"beta2", 0.999}, {"averaging", std::string("none")}});
  Minibatches batches(*model, batch, test::stream(1, "batches"));
  const RandomStream noise = test::stream(1, "noise");
  Eigen::VectorXd trace(Index(estimator->trace_fields().size()));
  Index iteration = 0;
  const auto step = [&] {
    Fit fit{*model,        &*family, &*adam, iteration, noise.substream(std::uint64_t(iteration)),
            batches.next()};
    estimator->step(fit, trace);
    ++iteration;
  };

  for (int i = 0; i < 20; ++i) step();
  std::vector<double> times;
  const double start = cpu_seconds();
  while (cpu_seconds() - start < seconds || times.size() < 20) {
    const double before = cpu_seconds();
    constexpr int calls = 5;
    for (int i = 0; i < calls; ++i) step();
    times.push_back((cpu_seconds() - before) / calls);
  }
  std::nth_element(times.begin(), times.begin() + long(times.size() / 2), times.end());
  std::string name;
  for (const double width : widths)
    name.append(name.empty() ? "" : "-").append(std::to_string(Index(width)));
  std::printf("step %s %ld %.1f %.1f\n", name.c_str(), long(batch), 1e6 * times[times.size() / 2],
              trace[0]);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const int only = argc > 2 ? std::atoi(argv[2]) : 0;
  const auto data = images();
  if (only == 0 || only == 1) measure({784, 400, 20}, 128, data, seconds);
  if (only == 0 || only == 2) measure({784, 200, 200, 50}, 20, data, seconds);
  if (only == 0 || only == 3) measure({784, 64, 8}, 64, data, seconds);
}
