#include <elbow/math.hpp>

#include "support.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

template <class T>
std::shared_ptr<const Array> images(std::vector<Index> shape, std::vector<T> numbers) {
  auto made = std::make_shared<Array>();
  made->shape = std::move(shape);
  made->numbers = std::move(numbers);
  return made;
}

MatrixXd latents(Index dimension, Index draws) {
  MatrixXd z(dimension, draws);
  RandomStream numbers = stream(3, "latents");
  numbers.fill_normal(z);
  return z;
}

VectorXd log_likelihood(LatentItems& items, Draws z) {
  VectorXd found(z.cols());
  items.log_joint(z, found, unwanted_vector());
  return found;
}

}  // namespace

TEST_CASE("Bernoulli pixels have the likelihood of their decoded means, summed over pixels") {
  const auto target = model("vae", tiny());
  LatentItems& items = *target->latent_items();
  const std::vector<Index> batch = {3, 1};
  items.use_items(Split::train, batch, stream(1));
  const MatrixXd z = latents(3, 4);
  MatrixXd mean(20, 4), x(20, 2);
  items.decode(z, mean);
  items.values(x);
  const VectorXd found = log_likelihood(items, z);
  for (Index s = 0; s < 4; ++s) {
    double expected = 0;
    for (Index i = 0; i < 20; ++i)
      expected += std::log(x(i, s / 2) == 1 ? mean(i, s) : 1 - mean(i, s));
    REQUIRE(found[s] == Approx(expected).epsilon(1e-4));
  }
}

TEST_CASE("Logit-normal pixels have a density that integrates to one") {
  auto grey = images<float>({4, 1}, {0.2f, 0.4f, 0.6f, 0.8f});
  const auto target = model("vae", {{"data", grey},
                                    {"latents", std::int64_t(1)},
                                    {"test", std::int64_t(1)},
                                    {"pixels", std::string("logit_normal")},
                                    {"squeeze", 0.05}});
  // By the trapezoidal rule over [-a, 1 + a] / (1 - 2a), the support; a few thousand single pixels.
  constexpr Index n = 4000;
  std::vector<float> grid;
  for (Index i = 0; i < n; ++i) grid.push_back(float((double(i) + 0.5) / double(n)));
  auto dense = images<float>({n, 1}, grid);
  const auto fine = model("vae", {{"data", dense},
                                  {"latents", std::int64_t(1)},
                                  {"test", std::int64_t(1)},
                                  {"pixels", std::string("logit_normal")},
                                  {"squeeze", 1e-4}});
  LatentItems& items = *fine->latent_items();
  std::vector<Index> all(n - 1);
  std::iota(all.begin(), all.end(), Index(0));
  items.use_items(Split::train, all, stream(1));
  const VectorXd found = log_likelihood(items, MatrixXd::Zero(1, n - 1));
  REQUIRE(found.array().exp().sum() / double(n) == Approx(1).epsilon(0.02));
  REQUIRE(target->latent_items()->item_count(Split::train) == 3);
}

TEST_CASE("Observed halves add up to the whole image") {
  const auto [one, other] =
      GENERATE(table<std::string, std::string>({{"top", "bottom"}, {"left", "right"}}));
  const auto of = [](const std::string& which) {
    OptionMap options = tiny({{"observed", which}, {"rows", std::int64_t(6)}});
    const auto target = model("vae", options);
    LatentItems& items = *target->latent_items();
    const std::vector<Index> batch = {0, 5, 7};
    items.use_items(Split::train, batch, stream(1));
    return log_likelihood(items, latents(3, 3));
  };
  const VectorXd whole = of("all"), sum = of(one) + of(other);
  for (Index s = 0; s < 3; ++s) REQUIRE(sum[s] == Approx(whole[s]).epsilon(1e-4));
}

TEST_CASE("Pixels that are not observed reach neither encoder nor likelihood") {
  std::vector<std::uint8_t> pixels(3 * 4, 0), changed = pixels;
  for (std::size_t image = 0; image < 3; ++image) changed[image * 4] = 255;
  const auto seen = images<std::uint8_t>({2, 2}, {0, 1, 1, 1});
  const auto of = [&](const std::vector<std::uint8_t>& numbers) {
    const auto target = model("vae", {{"data", images<std::uint8_t>({3, 2, 2}, numbers)},
                                      {"test", std::int64_t(1)},
                                      {"latents", std::int64_t(2)},
                                      {"observed", std::string("mask")},
                                      {"mask", seen}});
    LatentItems& items = *target->latent_items();
    // The bias of the pixel that is not observed differs, and must not matter.
    const std::vector<Index> batch = {0, 1};
    items.use_items(Split::train, batch, stream(1));
    const VectorXd found = log_likelihood(items, latents(2, 2));
    REQUIRE(items.features().row(0).norm() == 0);
    REQUIRE(items.observed().sum() == 3);
    return found;
  };
  const VectorXd before = of(pixels), after = of(changed);
  REQUIRE((before - after).norm() == 0);
}

TEST_CASE("Fixed binarization is above the threshold, dynamic has the grey values as its mean") {
  std::vector<std::uint8_t> pixels = {127, 128, 0, 255, 127, 128, 0, 255};
  const auto data = images<std::uint8_t>({2, 2, 2}, pixels);
  const auto fixed = model(
      "vae", {{"data", data}, {"test", std::int64_t(1)}, {"binarization", std::string("fixed")}});
  const std::vector<Index> one = {0};
  fixed->latent_items()->use_items(Split::train, one, stream(1));
  const Eigen::MatrixXf x = fixed->latent_items()->features();
  REQUIRE(x(0, 0) == 0);
  REQUIRE(x(1, 0) == 1);
  REQUIRE(x(2, 0) == 0);
  REQUIRE(x(3, 0) == 1);

  const auto dynamic = model("vae", {{"data", data}, {"test", std::int64_t(1)}});
  const std::vector<Index> many(4000, 0);
  dynamic->latent_items()->use_items(Split::train, many, stream(1));
  const VectorXd mean = dynamic->latent_items()->features().cast<double>().rowwise().mean();
  REQUIRE(std::abs(mean[0] - 127.0 / 255) < 5 * 0.5 / std::sqrt(4000.0));
  REQUIRE(mean[2] == 0);
  REQUIRE(mean[3] == 1);
}

TEST_CASE("Drawn pixels are 1 with the chance of their grey value, of bytes and of numbers") {
  const bool bytes = GENERATE(true, false);
  std::vector<std::uint8_t> grey(2 * 256);
  for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = std::uint8_t(i % 256);
  const std::vector<double> shares = [&] {
    std::vector<double> all;
    for (const std::uint8_t value : grey) all.push_back(value / 255.);
    return all;
  }();
  const auto target = model("vae", {{"data", bytes ? images<std::uint8_t>({2, 16, 16}, grey)
                                                   : images<double>({2, 16, 16}, shares)},
                                    {"test", std::int64_t(1)}});
  constexpr Index draws = 20'000;
  const std::vector<Index> many(draws, 0);
  target->latent_items()->use_items(Split::train, many, stream(2));
  const VectorXd mean = target->latent_items()->features().cast<double>().rowwise().mean();
  // Five million draws: the number at which a byte is drawn again comes 20,000 times.
  REQUIRE(mean[0] == 0);
  REQUIRE(mean[255] == 1);
  double squares = 0;
  for (Index i = 1; i < 255; ++i) {
    const double p = double(i) / 255;
    squares += std::pow(mean[i] - p, 2) / (p * (1 - p) / double(draws));
  }
  // Chi squared with 254 degrees of freedom.
  REQUIRE(std::abs(squares - 254) < 5 * std::sqrt(2 * 254.));
}

TEST_CASE("An image's variable has rows and columns, its first axis fastest") {
  const auto target = model(
      "vae",
      {{"data", images<std::uint8_t>({2, 2, 3}, {0, 51, 102, 153, 204, 255, 0, 0, 0, 0, 0, 0})},
       {"test", std::int64_t(1)},
       {"binarization", std::string("none")}});
  LatentItems& items = *target->latent_items();
  REQUIRE(items.item().shape == std::vector<Index>{2, 3});
  REQUIRE(items.item().dims == std::vector<std::string>{"row", "column"});
  const std::vector<Index> one = {0};
  items.use_items(Split::train, one, stream(1));
  MatrixXd x(6, 1);
  items.values(x);
  const VectorXd expected = (VectorXd(6) << 0, 0.6, 0.2, 0.8, 0.4, 1).finished();
  REQUIRE((x - expected).norm() < 1e-6);
}

TEST_CASE("Black and white in bytes 0 and 1 are black and white, one grey value makes all grey") {
  const auto first_image = [](const OptionMap& more) {
    OptionMap options = {{"test", std::int64_t(1)}, {"latents", std::int64_t(2)}};
    for (const auto& [name, value] : more) options[name] = value;
    const auto target = model("vae", options);
    const std::vector<Index> one = {0};
    target->latent_items()->use_items(Split::train, one, stream(1));
    MatrixXd x(3, 1);
    target->latent_items()->values(x);
    return VectorXd(x.col(0));
  };
  const auto binary = images<std::uint8_t>({2, 1, 3}, {0, 1, 1, 0, 0, 0});
  const VectorXd white = (VectorXd(3) << 0, 1, 1).finished();
  for (const std::string chosen : {"dynamic", "fixed", "none"})
    REQUIRE(first_image({{"data", binary}, {"binarization", chosen}}) == white);
  REQUIRE(first_image({{"data", binary}, {"pixels", std::string("gaussian")}}) == white);
  const OptionMap grey = {{"data", binary}, {"binarization", std::string("none")}};
  // A grey value among the images held out tells what a byte means.
  OptionMap held_out = grey;
  held_out["test_data"] = images<std::uint8_t>({1, 1, 3}, {0, 2, 0});
  REQUIRE((first_image(held_out) - white / 255).norm() < 1e-9);
  // Real numbers say nothing about bytes.
  held_out["test_data"] = images<float>({1, 1, 3}, {0, 0.5f, 0});
  REQUIRE(first_image(held_out) == white);
}

TEST_CASE("Channels are an axis of an image, and one channel is none") {
  const auto made = [](std::vector<Index> shape, const std::string& observed) {
    Index count = 1;
    for (const Index extent : shape) count *= extent;
    std::vector<float> numbers(std::size_t(count), 0);
    // The first image counts its numbers in C order.
    const Index size = count / shape[0];
    for (Index i = 0; i < size; ++i) numbers[std::size_t(i)] = float(i + 1);
    return model("vae", {{"data", images<float>(shape, numbers)},
                         {"test", std::int64_t(1)},
                         {"latents", std::int64_t(2)},
                         {"hidden", widths(3)},
                         {"pixels", std::string("gaussian")},
                         {"observed", observed}});
  };
  struct Case {
    std::vector<Index> file, image;
    std::vector<std::string> axes;
  };
  const auto [file, image, axes] = GENERATE(
      Case{{2, 4, 6, 3}, {4, 6, 3}, {"row", "column", "channel"}},
      Case{{2, 3, 6, 5}, {3, 6, 5}, {"channel", "row", "column"}},
      Case{{2, 1, 4, 5}, {4, 5}, {"row", "column"}}, Case{{2, 4, 5, 1}, {4, 5}, {"row", "column"}},
      Case{{2, 1, 5}, {1, 5}, {"row", "column"}}, Case{{2, 5, 6, 7}, {210}, {"pixel"}});
  const auto whole = made(file, "all");
  LatentItems& items = *whole->latent_items();
  REQUIRE(items.item().shape == image);
  REQUIRE(items.item().dims == axes);
  const std::vector<Index> one = {0};
  items.use_items(Split::train, one, stream(1));
  MatrixXd x(items.feature_dimension(), 1);
  items.values(x);
  // Of every number the place that the axes' indices give, in either order.
  std::vector<Index> index(image.size(), 0);
  for (Index i = 0; i < x.rows(); ++i) {
    Index in_c_order = 0;
    for (std::size_t axis = 0; axis < image.size(); ++axis)
      in_c_order = in_c_order * image[axis] + index[axis];
    REQUIRE(x(i, 0) == double(in_c_order + 1));
    for (std::size_t axis = 0; axis < image.size() && ++index[axis] == image[axis]; ++axis)
      index[axis] = 0;
  }
  if (axes.size() == 1) return;
  for (const std::string side : {"top", "left"}) {
    const std::string name = side == "top" ? "row" : "column";
    const std::size_t cut = std::size_t(std::find(axes.begin(), axes.end(), name) - axes.begin());
    const auto half = made(file, side);
    const VectorXd seen = half->latent_items()->observed();
    if (image[cut] == 1) {
      REQUIRE(seen.size() == 0);
      continue;
    }
    Index stride = 1;
    for (std::size_t axis = 0; axis < cut; ++axis) stride *= image[axis];
    for (Index i = 0; i < seen.size(); ++i)
      REQUIRE(seen[i] == (2 * (i / stride % image[cut]) < image[cut] ? 1 : 0));
  }
}

TEST_CASE("The decoder begins at the pixels' means") {
  OptionMap options = tiny({{"binarization", std::string("fixed")}});
  const auto target = model("vae", options);
  LatentItems& items = *target->latent_items();
  for (const BlockInfo& block : items.parameters().blocks())
    if (block.name == "decoder_weights_2")
      items.parameters().f32().segment(block.offset, block.rows * block.cols).setZero();
  std::vector<Index> all(40);
  std::iota(all.begin(), all.end(), Index(0));
  items.use_items(Split::train, all, stream(1));
  MatrixXd x(20, 40), mean(20, 1);
  items.values(x);
  items.decode(MatrixXd::Zero(3, 1), mean);
  const VectorXd expected = (x.rowwise().sum().array() + 0.5) / 41;
  REQUIRE((mean - expected).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("What is wrong with images is told with the numbers") {
  const auto refused = [](OptionMap options, const std::string& text) {
    const std::string found = refusal("vae", std::move(options));
    INFO(found);
    REQUIRE(found.find(text) != std::string::npos);
  };
  refused({{"data", images<float>({3, 2}, {0, 1, 0.5f, 1.5f, 0, 0})}},
          "data: expected pixels in [0, 1], found 1.5 in image 1, pixel 1");
  refused({{"data", images<float>({3, 2}, {0, 1, 0, 0, 0, -0.25f})}}, "found -0.25 in image 2");
  refused({{"data", images<double>({2, 2}, {0, 1, 0, -1e-9})}}, "found -1e-09 in image 1, pixel 1");
  refused({{"data", images<std::uint8_t>({2, 2, 3}, std::vector<std::uint8_t>(12, 0))},
           {"test_data", images<std::uint8_t>({1, 3, 2}, std::vector<std::uint8_t>(6, 0))}},
          "test_data: an image is 3 x 2, those of data are 2 x 3");
  refused({{"data", images<std::uint8_t>({3, 2}, {0, 0, 0, 0, 0, 0})},
           {"train", std::int64_t(3)},
           {"test", std::int64_t(1)}},
          "train = 3 and held-out items = 1, but the data have 3 items");
  refused({{"data", images<std::uint8_t>({1, 2}, {0, 0})}},
          "nothing is left to train on: 1 of the data's 1 items are held out");
  refused({{"data", images<std::uint8_t>({3, 2}, {0, 0, 0, 0, 0, 0})},
           {"test_data", images<std::uint8_t>({1, 3}, {0, 0, 0})}},
          "test_data: an image has 3 pixels, those of data have 2");
  refused({{"data", images<std::uint8_t>({3, 2}, {0, 0, 0, 0, 0, 0})},
           {"test_data", images<std::uint8_t>({1, 2}, {0, 0})},
           {"test", std::int64_t(2)}},
          "test = 2, but test_data has 1 items");
  refused(tiny({{"observed", std::string("mask")}}), "no mask is given");
  const auto ones = [](std::vector<Index> shape) {
    return images<std::uint8_t>(std::move(shape), std::vector<std::uint8_t>(20, 1));
  };
  // Images of 5 x 4.
  refused(tiny({{"observed", std::string("mask")}, {"mask", ones({4, 5})}}),
          "the mask is 4 x 5, an image 5 x 4");
  for (const std::vector<Index>& shape :
       std::vector<std::vector<Index>>{{5, 4}, {20}, {1, 5, 4}, {5, 4, 1}})
    REQUIRE(refusal("vae", tiny({{"observed", std::string("mask")}, {"mask", ones(shape)}})) ==
            "accepted");
  refused({{"data", images<float>({3, 2}, {0, 1, 0.5f, 0.5f, 0, 0})},
           {"pixels", std::string("gaussian")},
           {"dequantize", true}},
          "dequantize is for images in bytes");
  refused({{"data", images<std::uint8_t>({3, 2}, {0, 1, 0, 1, 0, 0})},
           {"pixels", std::string("gaussian")},
           {"dequantize", true}},
          "dequantize is for grey values");
  refused({{"data", images<std::uint8_t>({3, 2}, {0, 1, 0, 1, 0, 0})},
           {"observed", std::string("left")}},
          "needs images with rows and columns; \"rows\" says how many");
  refused(tiny({{"prior", std::string("mixture")}, {"layers", std::string("two")}}),
          "layers must be \"one\"");
  REQUIRE(refusal("vae", {{"data", images<float>({3, 2}, {0, 1, 0.5f, 1.5f, 0, -3})},
                          {"pixels", std::string("gaussian")}}) == "accepted");
}
