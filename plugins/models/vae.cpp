#include <cstring>

#include "vae/observed_pixels.hpp"
#include "vae/pixel_likelihood.hpp"
#include "vae/prior.hpp"

namespace {

using namespace elbow;
using namespace elbow::vae;

std::vector<Option> options() {
  std::vector<Option> all = {
      integer("latents", 20,
              "coordinates of z, of the layer next to the pixels where there are two")
          .at_least(1),
      reals("hidden", {400}, "widths of the decoder's hidden layers").at_least(1),
      choice("activation", activation_names(Activation::tanh), "of the hidden layers"),
      choice("layers", {"one", "two"},
             "x | z; x | z1 and z1 | z2, where z2 are the last coordinates of z"),
      integer("second_latents", 10, "coordinates of z2, with two layers").at_least(1),
      reals("second_hidden", {100}, "widths of the hidden layers from z2 to z1").at_least(1),
      choice("pixels", PixelLikelihood::names(), "distribution of a pixel given z"),
      choice(
          "binarization", {"dynamic", "fixed", "none"},
          "of bernoulli pixels: 1 with the pixel's grey value as probability, drawn anew in every "
          "step; 1 above the threshold; grey values as they are"),
      real("threshold", 0.5,
           "of the binarization fixed, in units of the whole range of grey values")
          .at_least(0)
          .below(1),
      boolean(
          "dequantize", false,
          "bytes of gaussian and logit_normal pixels get uniform noise within their step, drawn "
          "anew in every step: (byte + u) / 256"),
      real("squeeze", 0.01, "a of logit_normal pixels: logit(a + (1 - 2a) x) is normal")
          .above(0)
          .below(0.5),
      choice(
          "observed", {"all", "top", "bottom", "left", "right", "mask"},
          "which pixels there are: the likelihood counts only these, and an encoder sees zeros in "
          "place of the others; halves are rounded up"),
      array("mask", optional, "one image of numbers that are not 0 where a pixel is observed"),
      choice("prior", {"standard", "diagonal", "flow", "mixture"},
             "of z, or of z2 with two layers: N(0, I); a Gaussian with trained means and scales; "
             "trained affine couplings; the encoder's posteriors at trained pseudo-inputs"),
      integer("couplings", 4, "layers of the prior flow").at_least(1),
      reals("coupling_hidden", {64}, "widths of the hidden layers in each of them").at_least(1),
      integer("pseudo_inputs", 100, "components of the prior mixture").at_least(1)};
  for (Option& option : ImageFiles::options()) all.push_back(std::move(option));
  return all;
}

Network dense(Parameters& theta, const std::string& name, Index inputs, Index outputs,
              const Eigen::VectorXd& hidden, const std::string& activation, RandomStream& stream) {
  const Activation chosen = activation_named(activation);
  const WeightStart start = chosen == Activation::relu ? WeightStart::he : WeightStart::glorot;
  std::vector<DenseLayer> layers;
  for (const Index width : layer_widths(hidden)) layers.push_back({width, chosen, start});
  layers.push_back({outputs});
  return {theta, name, inputs, std::move(layers), stream};
}

/// Variational autoencoder: z ~ prior, x | z ~ pixels of a dense network of z (Kingma & Welling
/// 2014), with two stochastic layers z2 ~ prior, z1 | z2 ~ N(mean(z2), diag(sd(z2)^2)), x | z1
/// (Burda et al. 2016, section 5). What encodes is the family's business.
class Vae final : public Model, public LatentItems {
 public:
  explicit Vae(const ModelSetup& setup)
      : images_(setup, setup.options.text("pixels") != "gaussian"),
        binarization_(setup.options.text("pixels") == "bernoulli"
                          ? setup.options.text("binarization")
                          : "none"),
        threshold_(binarization_ == "fixed" ? float(setup.options.real("threshold")) : 0),
        dequantize_(setup.options.text("pixels") != "bernoulli" &&
                    setup.options.boolean("dequantize")),
        d1_(setup.options.integer("latents")),
        d2_(setup.options.text("layers") == "two" ? setup.options.integer("second_latents") : 0),
        observed_(observed_pixels(setup.options, images_)),
        stream_(setup.data_stream.substream(1)),
        pixels_(setup.options.text("pixels"), theta_, observed_,
                setup.options.text("pixels") == "logit_normal" ? setup.options.real("squeeze") : 0),
        decoder_(dense(theta_, "decoder", d1_, images_.pixels(), setup.options.reals("hidden"),
                       setup.options.text("activation"), stream_)) {
    if (dequantize_ && !images_.all_bytes())
      throw OptionError("dequantize is for images in bytes, these are other numbers");
    if (dequantize_ && images_.black_and_white())
      throw OptionError("dequantize is for grey values, these bytes are 0 and 1");
    if (d2_ > 0) {
      between_.emplace(dense(theta_, "decoder_2", d2_, 2 * d1_,
                             setup.options.reals("second_hidden"), setup.options.text("activation"),
                             stream_));
      // Random standard deviations may be far off, and the squares of their inverses farther.
      const std::size_t last = std::size_t(setup.options.reals("second_hidden").size());
      theta_.matrix(between_->weights(last)).bottomRows(d1_).setZero();
    }
    prior_ = make_prior(setup.options);
    start_decoder(std::size_t(setup.options.reals("hidden").size()));
    column_major_ = column_major(images_.shape());
  }

  LatentItems* latent_items() override { return this; }
  std::vector<DataArray> data() const override { return {stored_images(), mask()}; }

  Index item_count(Split split) const override { return images_.count(split); }
  Index latent_dimension() const override { return d1_ + d2_; }
  Index second_dimension() const override { return d2_; }
  Index feature_dimension() const override { return images_.pixels(); }
  Parameters& parameters() override { return theta_; }
  GaussianPrior* gaussian_prior() override { return d2_ == 0 ? prior_->gaussian() : nullptr; }
  MixturePrior* mixture_prior() override { return prior_->mixture(); }

  void use_items(Split split, std::span<const Index> items, RandomStream stream) override {
    gather(split, items, stream);
    if (observed_.minCoeff() == 0) x_.array().colwise() *= observed_.array();
    pixels_.use(x_);
  }

  void dream(RandomStream stream, DrawsOut z) override {
    auto top = z.bottomRows(top_rows());
    prior_->sample(stream, top);
    if (d2_ > 0) {
      encode_second(z);
      auto below = z.topRows(d1_);
      stream.fill_normal(below);
      below = second_mean_ + below.cwiseProduct(second_log_sd_.array().exp().matrix());
    }
    decode_pixels(z);
    pixels_.draw(theta_, pass_.output(), stream, x_);
    pixels_.use(x_);
  }

  Context features() const override { return x_; }

  void log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior) override {
    if (log_likelihood.size() > 0) {
      decode_pixels(z);
      pixels_.evaluate(theta_, pass_.output(), log_likelihood);
    }
    if (log_prior.size() == 0) return;
    log_prior.setZero();
    prior_->add_log_density(z.bottomRows(top_rows()), log_prior);
    if (d2_ == 0) return;
    encode_second(z);
    white_ = (z.topRows(d1_) - second_mean_).cwiseProduct((-second_log_sd_.array()).exp().matrix());
    log_prior -=
        (0.5 * white_.colwise().squaredNorm() + second_log_sd_.colwise().sum()).transpose();
    log_prior.array() -= 0.5 * double(d1_) * log_2pi;
  }

  void log_joint_pullback(Vector likelihood_weights, Vector prior_weights, GradientOut theta,
                          DrawsOut g_z) override {
    if (g_z.size() > 0) g_z.setZero();
    if (likelihood_weights.size() > 0) {
      pixels_.pullback(theta_, likelihood_weights, pass_.output(), pass_.output_gradient(), theta);
      decoder_.backward(theta_, pass_, theta, g_z.size() > 0);
      if (g_z.size() > 0) g_z.topRows(d1_) += pass_.input_gradient().cast<double>();
    }
    if (prior_weights.size() == 0) return;
    if (g_z.size() == 0)
      prior_->pullback(prior_weights, theta, g_z);
    else
      prior_->pullback(prior_weights, theta, g_z.bottomRows(top_rows()));
    if (d2_ == 0) return;
    auto g = second_pass_.output_gradient();
    const auto w = prior_weights.asDiagonal();
    score_ = white_.cwiseProduct((-second_log_sd_.array()).exp().matrix()) * w;
    g.topRows(d1_) = score_.cast<float>();
    g.bottomRows(d1_) = (((white_.array().square() - 1).matrix()) * w).cast<float>();
    between_->backward(theta_, second_pass_, theta, g_z.size() > 0);
    if (g_z.size() == 0) return;
    g_z.topRows(d1_) -= score_;
    g_z.bottomRows(d2_) += second_pass_.input_gradient().cast<double>();
  }

  Variable item() const override { return {"image", images_.shape(), images_.axes(), ""}; }
  void decode(Draws z, DrawsOut x) override {
    constexpr Index most = 256;
    for (Index first = 0; first < z.cols(); first += most) {
      const Index columns = std::min(most, z.cols() - first);
      decode_pixels(z.middleCols(first, columns));
      auto y = pass_.output();
      pixels_.to_means(theta_, y);
      for (Index s = 0; s < columns; ++s) in_order(y.col(s).data(), x.col(first + s).data());
    }
  }
  void values(DrawsOut x) override {
    for (Index b = 0; b < x.cols(); ++b) in_order(x_.col(b).data(), x.col(b).data());
  }
  Eigen::VectorXd observed() const override {
    if (observed_.minCoeff() == 1) return {};
    Eigen::VectorXd seen(observed_.size());
    in_order(observed_.data(), seen.data());
    return seen;
  }

 private:
  Index top_rows() const { return d2_ > 0 ? d2_ : d1_; }

  /// Places in C order, in the order with the first axis fastest.
  static std::vector<Index> column_major(const std::vector<Index>& shape) {
    std::vector<Index> places = {0};
    Index count = 1, stride = 1;
    for (const Index extent : shape) stride *= extent;
    for (const Index extent : shape) {
      stride /= extent;
      for (Index at = 1; at < extent; ++at)
        for (Index i = 0; i < count; ++i) places.push_back(places[std::size_t(i)] + at * stride);
      count *= extent;
    }
    return places;
  }
  /// An image in the order of `Variable`, the first axis fastest.
  void in_order(const float* from, double* to) const {
    for (const Index i : column_major_) *to++ = double(from[i]);
  }

  void gather(Split split, std::span<const Index> items, RandomStream& stream) {
    const Index size = images_.pixels();
    x_.resize(size, Index(items.size()));
    const bool bernoulli = pixels_.bernoulli();
    const bool drawn = bernoulli && binarization_ == "dynamic";
    const bool cut = bernoulli && binarization_ == "fixed";
    images_.for_items(split, items, [&]<class T>(Index b, const T* from) {
      constexpr bool bytes = sizeof(T) == 1;
      float* const to = x_.col(b).data();
      const float scale = float(images_.unit<T>()), threshold = threshold_ / scale;
      if (drawn && !(bytes && images_.black_and_white())) return binarize(from, b, stream);
      if (cut)
        for (Index i = 0; i < size; ++i) to[i] = float(from[i]) > threshold ? 1.f : 0.f;
      else
        for (Index i = 0; i < size; ++i) to[i] = scale * float(from[i]);
      if (!bytes || !dequantize_ || bernoulli) return;
      noise_.resize(size, 1);
      stream.fill_uniform(noise_);
      for (Index i = 0; i < size; ++i) to[i] = (255 * to[i] + float(noise_(i, 0))) * (1.f / 256);
    });
  }

  /// Item b of `x_`: ones with the grey values g / 255 of bytes as chances. Of 256 equally likely
  /// bytes g lie below g; the last one is drawn again, which leaves 255.
  void binarize(const std::uint8_t* from, Index b, RandomStream& stream) {
    constexpr std::uint8_t last = 255;
    const Index size = images_.pixels();
    if (b == 0) {
      random_bytes_.resize(std::size_t(x_.size()));
      stream.fill_bytes(random_bytes_);
    }
    const std::uint8_t* const random = random_bytes_.data() + b * size;
    float* const __restrict to = x_.col(b).data();
    for (Index i = 0; i < size; ++i) {
      const bool is_one = (random[i] < from[i]) | (from[i] == last);
      to[i] = is_one ? 1.f : 0.f;
    }
    for (Index i = 0; i < size; ++i) {
      const void* const found = std::memchr(random + i, last, std::size_t(size - i));
      if (!found) break;
      i = static_cast<const std::uint8_t*>(found) - random;
      if (from[i] == 0 || from[i] == last) continue;
      std::uint8_t again = last;
      while (again == last) again = std::uint8_t(stream.bits());
      to[i] = again < from[i] ? 1.f : 0.f;
    }
  }
  /// The same with chances of other types.
  template <class T>
  void binarize(const T* from, Index b, RandomStream& stream) {
    noise_.resize(images_.pixels(), 1);
    stream.fill_uniform(noise_);
    for (Index i = 0; i < noise_.size(); ++i) x_(i, b) = noise_(i, 0) < double(from[i]) ? 1.f : 0.f;
  }

  void decode_pixels(Draws z) {
    decoder_.begin(pass_, z.cols());
    pass_.input() = z.topRows(d1_).cast<float>();
    decoder_.forward(theta_, pass_);
  }
  void encode_second(Draws z) {
    between_->begin(second_pass_, z.cols());
    second_pass_.input() = z.bottomRows(d2_).cast<float>();
    between_->forward(theta_, second_pass_);
    second_mean_ = second_pass_.output().topRows(d1_).cast<double>();
    second_log_sd_ = second_pass_.output().bottomRows(d1_).cast<double>();
  }

  std::unique_ptr<Prior> make_prior(const Options& options) {
    const std::string& name = options.text("prior");
    if (name == "flow")
      return std::make_unique<FlowPrior>(theta_, top_rows(), options.integer("couplings"),
                                         options.reals("coupling_hidden"), stream_);
    if (name != "mixture")
      return std::make_unique<DiagonalPrior>(theta_, top_rows(), name == "diagonal");
    if (d2_ > 0)
      throw OptionError(
          "prior \"mixture\" is made of posteriors q(z | x), which two layers do not have: layers "
          "must be \"one\"");
    // Random training images, drawn away from pixels without a logit.
    std::vector<Index> items(std::size_t(options.integer("pseudo_inputs")), 0);
    for (Index& item : items) item = stream_.integer(images_.count(Split::train));
    gather(Split::train, items, stream_);
    const bool bounded = pixels_.bounded();
    Eigen::MatrixXf start = x_;
    if (bounded) start = (0.05f + 0.9f * start.array()).matrix();
    return std::make_unique<PosteriorMixture>(theta_, d1_, start, bounded);
  }

  /// The bias of the decoder's last layer begins at what is best without latents.
  void start_decoder(std::size_t last) {
    constexpr Index most = 500;
    const Index count = images_.count(Split::train), size = images_.pixels();
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(size), squares = sum;
    std::vector<Index> items;
    for (Index first = 0; first < count; first += most) {
      items.clear();
      for (Index n = first; n < std::min(count, first + most); ++n) items.push_back(n);
      gather(Split::train, items, stream_);
      x_ = x_.unaryExpr([&](float x) { return pixels_.target(x); });
      sum += x_.cast<double>().rowwise().sum();
      squares += x_.cast<double>().cwiseAbs2().rowwise().sum();
    }
    const Eigen::VectorXd mean = sum / double(count);
    const double variance = (squares / double(count) - mean.cwiseAbs2()).mean();
    theta_.vector(decoder_.bias(last)) = pixels_.start(theta_, mean, variance, double(count));
    x_.resize(size, 0);
  }

  DataArray stored_images() const {
    constexpr Index most = 100;
    const Index count = std::min(most, images_.count(Split::test)), size = images_.pixels();
    std::vector<Index> items(static_cast<std::size_t>(count));
    for (Index n = 0; n < count; ++n) items[std::size_t(n)] = n;
    Variable variable = item();
    variable.name = "test_image";
    variable.shape.insert(variable.shape.begin(), count);
    variable.dims.insert(variable.dims.begin(), "image");
    Eigen::VectorXd values(count * size);
    images_.for_items(Split::test, items, [&]<class T>(Index b, const T* from) {
      const double scale = images_.unit<T>();
      for (Index i = 0; i < size; ++i)
        values[i * count + b] = scale * double(from[column_major_[std::size_t(i)]]);
    });
    return {variable, values, true};
  }
  DataArray mask() const {
    Variable variable = item();
    variable.name = "observed_pixel";
    Eigen::VectorXd values(observed_.size());
    in_order(observed_.data(), values.data());
    return {variable, values, false};
  }

  ImageFiles images_;
  std::string binarization_;  ///< "none" of pixels that are not bernoulli
  float threshold_;
  bool dequantize_;
  Index d1_, d2_;             ///< coordinates of z1, and of z2 or 0
  Eigen::VectorXf observed_;  ///< [C] in C order
  RandomStream stream_;       ///< of the parameters' start
  Parameters theta_;
  PixelLikelihood pixels_;
  Network decoder_;
  std::optional<Network> between_;
  std::unique_ptr<Prior> prior_;
  std::vector<Index> column_major_;  ///< pixels in the order of `Variable`, as places in C order
  Eigen::MatrixXf x_;                ///< [C x B] the chosen items
  Eigen::MatrixXd noise_;            ///< [C x 1]
  std::vector<std::uint8_t> random_bytes_;  ///< [C x B]
  Network::Pass pass_, second_pass_;
  Eigen::MatrixXd second_mean_, second_log_sd_;  ///< [D1 x S] of z1 given z2
  Eigen::MatrixXd white_, score_;  ///< [D1 x S] (z1 - mean) / sd; and its weighted score
};

}  // namespace

ELBOW_PLUGIN(Vae, options,
             {.name = "vae",
              .summary = "variational autoencoder of images: pixels by a dense network of latents",
              .source = "Kingma & Welling 2014; Burda et al. 2016; Tomczak & Welling 2018",
              .provides = Ability::latent_items})
