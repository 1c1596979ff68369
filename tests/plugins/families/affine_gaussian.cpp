#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("initial_scale", 0.3, "standard deviation of the weights at the start").at_least(0)};
}

/// q(z | c) = prod_d N(z_d; (A c + a)_d, exp(2 b_d)), phi = (A, a, b) in single precision: the
/// smallest amortised family.
class AffineGaussian final : public Family, public Conditional {
 public:
  explicit AffineGaussian(const FamilySetup& setup)
      : weights_(phi_.add_f32("weights", setup.dimension, setup.context_dimension)),
        bias_(phi_.add_f32("bias", setup.dimension)),
        log_sd_(phi_.add_f32("log_sd", setup.dimension)) {
    RandomStream stream = setup.init_stream;
    for (float& weight : phi_.vector(weights_))
      weight = float(setup.options.real("initial_scale") * stream.normal());
  }

  Index dimension() const override { return bias_.rows; }
  Parameters& parameters() override { return phi_; }
  Conditional* conditional() override { return this; }
  Index context_dimension() const override { return weights_.cols; }
  void bind(Context context, Index draws_per_item) override {
    context_ = context;
    draws_per_item_ = draws_per_item;
  }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    locate();
    white_ = noise;
    for (Index s = 0; s < z.cols(); ++s)
      z.col(s) = means_.col(s / draws_per_item_) + sd_.cwiseProduct(noise.col(s));
    if (log_q.size() > 0) density(log_q);
  }
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    for (Index s = 0; s < g_z.cols(); ++s) {
      add_mean_gradient(phi, s, g_z.col(s).cast<float>());
      phi.vector(log_sd_) += g_z.col(s).cwiseProduct(sd_).cwiseProduct(white_.col(s)).cast<float>();
    }
    if (g_log_q.size() > 0) phi.vector(log_sd_).array() -= float(g_log_q.sum());
  }

  void log_prob(Draws z, VectorOut log_q) override {
    locate();
    white_.resize(z.rows(), z.cols());
    for (Index s = 0; s < z.cols(); ++s)
      white_.col(s) = (z.col(s) - means_.col(s / draws_per_item_)).cwiseQuotient(sd_);
    density(log_q);
  }
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s) {
      const auto score = (w[s] * white_.col(s)).cwiseQuotient(sd_);
      if (g_z.size() > 0) g_z.col(s) = -score;
      if (!phi) continue;
      add_mean_gradient(phi, s, score.cast<float>());
      phi.vector(log_sd_).array() += (w[s] * (white_.col(s).array().square() - 1)).cast<float>();
    }
  }

 private:
  /// The means of all items and the scale at the current parameters.
  void locate() {
    location_.noalias() = phi_.matrix(weights_) * context_;
    location_.colwise() += phi_.vector(bias_);
    means_ = location_.cast<double>();
    sd_ = phi_.vector(log_sd_).cast<double>().array().exp();
  }
  void density(VectorOut log_q) {
    const double constant =
        phi_.vector(log_sd_).cast<double>().sum() + 0.5 * double(dimension()) * log_2pi;
    for (Index s = 0; s < white_.cols(); ++s)
      log_q[s] = -0.5 * white_.col(s).squaredNorm() - constant;
  }
  template <class Column>
  void add_mean_gradient(GradientOut phi, Index draw, const Column& gradient) {
    phi.vector(bias_) += gradient;
    const auto context = context_.col(draw / draws_per_item_);
    for (Index c = 0; c < context_.rows(); ++c)
      phi.matrix(weights_).col(c) += context[c] * gradient;
  }

  Parameters phi_;
  BlockId<float> weights_, bias_, log_sd_;
  Eigen::MatrixXf context_, location_;  ///< [C x B], [D x B]
  Eigen::MatrixXd means_;               ///< [D x B] location_ in double precision
  Index draws_per_item_ = 1;
  Eigen::VectorXd sd_;
  Eigen::MatrixXd white_;  ///< [D x S] (z - mean) / sd of the most recent call
};

}  // namespace

ELBOW_PLUGIN(AffineGaussian, options,
             {.name = "affine_gaussian",
              .summary = "Gaussian whose mean is affine in the context, in single precision",
              .source = "Kingma & Welling 2014, section 3",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::conditional})
