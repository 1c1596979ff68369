#include <elbow/dense_network.hpp>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Network = DenseNetwork<float>;

std::vector<Option> options() {
  return {
      reals("hidden", {400}, "widths of the encoder's hidden layers").at_least(1),
      choice("activation", activation_names(Activation::tanh), "of the hidden layers"),
      choice("layers", {"one", "two"},
             "q(z | x); q(z1 | x) q(z2 | z1), where z2 are the last coordinates of z")
          .when({.value = "one", .provides = Ability::diagonal_gaussian}),
      integer("second_dimension", optional,
              "coordinates of z2, with two layers; without it those of the model's second layer, "
              "or 1 where it has none")
          .at_least(1),
      reals("second_hidden", {100}, "widths of the hidden layers between z1 and z2").at_least(1)};
}

/// From `inputs` numbers to the means and log standard deviations of `outputs` coordinates. All
/// standard deviations begin at 1: random ones may be far off, and their exponentials farther.
Network gaussian_network(Parameters& phi, const std::string& name, Index inputs, Index outputs,
                         const Eigen::VectorXd& hidden, Activation activation,
                         RandomStream& stream) {
  std::vector<DenseLayer> layers;
  const WeightStart start = activation == Activation::relu ? WeightStart::he : WeightStart::glorot;
  for (const Index width : layer_widths(hidden)) layers.push_back({width, activation, start});
  layers.push_back({2 * outputs});
  const std::size_t last = layers.size() - 1;
  Network network(phi, name, inputs, std::move(layers), stream);
  phi.matrix(network.weights(last)).bottomRows(outputs).setZero();
  return network;
}

/// Means above log standard deviations, of N(mean, sd^2) for every column, and standardised draws.
struct Moments {
  Eigen::MatrixXd mean, log_sd, sd;  ///< [D x n]

  void read(Network::Pass& pass) {
    const auto output = pass.output();
    const Index d = output.rows() / 2;
    mean = output.topRows(d).cast<double>();
    log_sd = output.bottomRows(d).cast<double>();
    sd = log_sd.array().exp();
  }
};

/// q(z | x) = N(mean(x), diag(sd(x)^2)) by a dense network (Kingma & Welling 2014, appendix C.2),
/// or the product q(z1 | x) q(z2 | z1) of two such (Burda et al. 2016, section 2).
class AmortizedGaussian final : public Family, public Conditional, public DiagonalGaussian {
 public:
  explicit AmortizedGaussian(const FamilySetup& setup)
      : AmortizedGaussian(setup, setup.options.text("layers") == "two", setup.init_stream) {}

  Index dimension() const override { return d1_ + d2_; }
  Parameters& parameters() override { return phi_; }
  Conditional* conditional() override { return this; }
  DiagonalGaussian* diagonal_gaussian() override { return d2_ == 0 ? this : nullptr; }
  Index context_dimension() const override { return encoder_.inputs(); }

  void bind(Context context, Index draws_per_item, bool for_gradient) override {
    draws_per_item_ = draws_per_item;
    for_gradient_ = for_gradient;
    encoder_.begin(pass_, context.cols());
    encoder_.forward(phi_, pass_, context);
    first_.read(pass_);
  }
  void context_gradient(ContextOut g_context) override { g_context = pass_.input_gradient(); }
  Draws means() const override { return first_.mean; }
  Draws log_sds() const override { return first_.log_sd; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    noise_ = noise;
    for (Index s = 0; s < z.cols(); ++s) {
      const Index b = s / draws_per_item_;
      z.col(s).head(d1_) =
          first_.mean.col(b) + first_.sd.col(b).cwiseProduct(noise.col(s).head(d1_));
      if (log_q.size() > 0)
        log_q[s] = -0.5 * noise.col(s).squaredNorm() - first_.log_sd.col(b).sum() - constant();
    }
    if (d2_ == 0) return;
    encode_second(z, sampled_, second_);
    z.bottomRows(d2_) = second_.mean + second_.sd.cwiseProduct(noise.bottomRows(d2_));
    if (log_q.size() > 0) log_q -= second_.log_sd.colwise().sum().transpose();
  }

  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    pullback(g_z, g_log_q, unwanted(), unwanted(), phi);
  }
  void pullback(Draws g_z, Vector g_log_q, Draws g_mean, Draws g_log_sd, GradientOut phi) override {
    begin_pullback(g_mean, g_log_sd);
    const Index draws = std::max(g_z.cols(), g_log_q.size());
    if (d2_ > 0 && draws > 0) {
      auto g = sampled_.output_gradient();
      g.setZero();
      if (g_z.size() > 0) {
        g.topRows(d2_) = g_z.bottomRows(d2_).cast<float>();
        g.bottomRows(d2_) = g_z.bottomRows(d2_)
                                .cwiseProduct(second_.sd)
                                .cwiseProduct(noise_.bottomRows(d2_))
                                .cast<float>();
      }
      for (Index s = 0; s < g_log_q.size(); ++s) g.col(s).tail(d2_).array() -= float(g_log_q[s]);
      between_->backward(phi_, sampled_, phi);
    }
    for (Index s = 0; s < draws; ++s) {
      const Index b = s / draws_per_item_;
      to_first_.setZero(d1_);
      if (g_z.size() > 0) to_first_ = g_z.col(s).head(d1_);
      if (d2_ > 0) to_first_ += sampled_.input_gradient().col(s).cast<double>();
      g_mean_.col(b) += to_first_;
      g_log_sd_.col(b).array() +=
          to_first_.array() * first_.sd.col(b).array() * noise_.col(s).head(d1_).array();
      if (g_log_q.size() > 0) g_log_sd_.col(b).array() -= g_log_q[s];
    }
    end_pullback(phi);
  }

  void log_prob(Draws z, VectorOut log_q) override {
    white_.resize(dimension(), z.cols());
    for (Index s = 0; s < z.cols(); ++s) {
      const Index b = s / draws_per_item_;
      white_.col(s).head(d1_) =
          (z.col(s).head(d1_) - first_.mean.col(b)).cwiseQuotient(first_.sd.col(b));
      log_q[s] = -first_.log_sd.col(b).sum() - constant();
    }
    if (d2_ > 0) {
      encode_second(z, scored_, scored_second_);
      white_.bottomRows(d2_) =
          (z.bottomRows(d2_) - scored_second_.mean).cwiseQuotient(scored_second_.sd);
      log_q -= scored_second_.log_sd.colwise().sum().transpose();
    }
    log_q -= 0.5 * white_.colwise().squaredNorm().transpose();
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    if (d2_ > 0) {
      auto g = scored_.output_gradient();
      const auto white = white_.bottomRows(d2_).array();
      g.topRows(d2_) =
          (white / scored_second_.sd.array()).matrix().cast<float>() * w.cast<float>().asDiagonal();
      g.bottomRows(d2_) =
          (white.square() - 1).matrix().cast<float>() * w.cast<float>().asDiagonal();
      if (g_z.size() > 0) g_z.bottomRows(d2_) = -g.topRows(d2_).cast<double>();
      between_->backward(phi_, scored_, phi, g_z.size() > 0);
    }
    if (g_z.size() > 0)
      for (Index s = 0; s < w.size(); ++s) {
        g_z.col(s).head(d1_) =
            -w[s] * white_.col(s).head(d1_).cwiseQuotient(first_.sd.col(s / draws_per_item_));
        if (d2_ > 0) g_z.col(s).head(d1_) += scored_.input_gradient().col(s).cast<double>();
      }
    if (!phi) return;
    begin_pullback(unwanted(), unwanted());
    for (Index s = 0; s < w.size(); ++s) {
      const Index b = s / draws_per_item_;
      const auto white = white_.col(s).head(d1_).array();
      g_mean_.col(b).array() += w[s] * white / first_.sd.col(b).array();
      g_log_sd_.col(b).array() += w[s] * (white.square() - 1);
    }
    end_pullback(phi);
  }

 private:
  AmortizedGaussian(const FamilySetup& setup, bool two, RandomStream stream)
      : d2_(two ? second_dimension(setup) : 0),
        d1_(setup.dimension - d2_),
        encoder_(gaussian_network(phi_, "encoder", setup.context_dimension, checked(d1_),
                                  setup.options.reals("hidden"),
                                  activation_named(setup.options.text("activation")), stream)) {
    if (two)
      between_.emplace(
          gaussian_network(phi_, "encoder_2", d1_, d2_, setup.options.reals("second_hidden"),
                           activation_named(setup.options.text("activation")), stream));
  }
  static Index second_dimension(const FamilySetup& setup) {
    const Index of_model = setup.second_dimension;
    if (!setup.options.has("second_dimension")) return std::max<Index>(of_model, 1);
    const Index given = setup.options.integer("second_dimension");
    if (of_model > 0 && given != of_model)
      throw OptionError("second_dimension is " + std::to_string(given) +
                        ", but the model's second layer has " + std::to_string(of_model) +
                        " coordinates: leave it out");
    return given;
  }
  Index checked(Index d1) const {
    if (d1 >= 1) return d1;
    throw OptionError("second_dimension is " + std::to_string(d2_) + ", but the model has " +
                      std::to_string(d1 + d2_) +
                      " latent coordinates: at least one must be left for the first layer");
  }

  double constant() const { return 0.5 * double(dimension()) * log_2pi; }
  void encode_second(Draws z, Network::Pass& pass, Moments& moments) {
    between_->begin(pass, z.cols());
    pass.input() = z.topRows(d1_).cast<float>();
    between_->forward(phi_, pass);
    moments.read(pass);
  }
  void begin_pullback(Draws g_mean, Draws g_log_sd) {
    g_mean_.setZero(d1_, pass_.columns());
    g_log_sd_.setZero(d1_, pass_.columns());
    if (g_mean.size() > 0) g_mean_ = g_mean;
    if (g_log_sd.size() > 0) g_log_sd_ = g_log_sd;
  }
  void end_pullback(GradientOut phi) {
    auto g = pass_.output_gradient();
    g.topRows(d1_) = g_mean_.cast<float>();
    g.bottomRows(d1_) = g_log_sd_.cast<float>();
    encoder_.backward(phi_, pass_, phi, for_gradient_);
  }

  Parameters phi_;
  Index d2_, d1_;  ///< coordinates of the second layer, 0 with one, and of the first
  Network encoder_;
  std::optional<Network> between_;
  Network::Pass pass_, sampled_, scored_;  ///< of the encoder; between layers for either function
  Moments first_;                          ///< [D1 x B] of the most recent `bind`
  Moments second_, scored_second_;         ///< [D2 x S] of the most recent `sample`, `log_prob`
  Eigen::MatrixXd noise_;                  ///< [D x S] of the most recent `sample`
  Eigen::MatrixXd white_;              ///< [D x S] (z - mean) / sd of the most recent `log_prob`
  Eigen::MatrixXd g_mean_, g_log_sd_;  ///< [D1 x B]
  Eigen::VectorXd to_first_;           ///< [D1]
  Index draws_per_item_ = 1;
  bool for_gradient_ = false;
};

}  // namespace

ELBOW_PLUGIN(AmortizedGaussian, options,
             {.name = "amortized_gaussian",
              .summary = "Gaussian with independent coordinates, its moments by a dense network of "
                         "the data item",
              .source = "Kingma & Welling 2014, appendix C.2; Burda et al. 2016, section 2",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::conditional})
