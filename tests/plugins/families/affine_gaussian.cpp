#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("initial_scale", 0.3, "standard deviation of the weights at the start").at_least(0)};
}

/// q(z | c) = prod_d N(z_d; (A c + a)_d, exp(2 b_d)), phi = (A, a, b) in single precision: the
/// smallest amortised family.
class AffineGaussian final : public Family, public Conditional, public DiagonalGaussian {
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
  DiagonalGaussian* diagonal_gaussian() override { return this; }
  Index context_dimension() const override { return weights_.cols; }
  void bind(Context context, Index draws_per_item, bool) override {
    context_ = context;
    draws_per_item_ = draws_per_item;
    location_.noalias() = phi_.matrix(weights_) * context_;
    location_.colwise() += phi_.vector(bias_);
    means_ = location_.cast<double>();
    sd_ = phi_.vector(log_sd_).cast<double>().array().exp();
    log_sds_.resize(dimension(), context_.cols());
    for (auto log_sd : log_sds_.colwise()) log_sd = phi_.vector(log_sd_).cast<double>();
    to_means_.setZero(dimension(), context_.cols());
  }
  void context_gradient(ContextOut g) override {
    g.noalias() = phi_.matrix(weights_).transpose() * to_means_;
  }
  Draws means() const override { return means_; }
  Draws log_sds() const override { return log_sds_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    white_ = noise;
    for (Index s = 0; s < z.cols(); ++s)
      z.col(s) = means_.col(s / draws_per_item_) + sd_.cwiseProduct(noise.col(s));
    if (log_q.size() > 0) density(log_q);
  }
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    pullback(g_z, g_log_q, unwanted(), unwanted(), phi);
  }
  void pullback(Draws g_z, Vector g_log_q, Draws g_mean, Draws g_log_sd, GradientOut phi) override {
    to_means_.setZero();
    if (g_mean.size() > 0) to_means_ += g_mean.cast<float>();
    for (Index s = 0; s < g_z.cols(); ++s) {
      to_means_.col(s / draws_per_item_) += g_z.col(s).cast<float>();
      phi.vector(log_sd_) += g_z.col(s).cwiseProduct(sd_).cwiseProduct(white_.col(s)).cast<float>();
    }
    if (g_log_q.size() > 0) phi.vector(log_sd_).array() -= float(g_log_q.sum());
    if (g_log_sd.size() > 0) phi.vector(log_sd_) += g_log_sd.rowwise().sum().cast<float>();
    add_means(phi);
  }

  void log_prob(Draws z, VectorOut log_q) override {
    scaled_.resize(z.rows(), z.cols());
    for (Index s = 0; s < z.cols(); ++s)
      scaled_.col(s) = (z.col(s) - means_.col(s / draws_per_item_)).cwiseQuotient(sd_);
    const double constant = log_constant();
    for (Index s = 0; s < z.cols(); ++s) log_q[s] = -0.5 * scaled_.col(s).squaredNorm() - constant;
  }
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    to_means_.setZero();
    for (Index s = 0; s < w.size(); ++s) {
      const auto score = (w[s] * scaled_.col(s)).cwiseQuotient(sd_);
      if (g_z.size() > 0) g_z.col(s) = -score;
      if (!phi) continue;
      to_means_.col(s / draws_per_item_) += score.cast<float>();
      phi.vector(log_sd_).array() += (w[s] * (scaled_.col(s).array().square() - 1)).cast<float>();
    }
    if (phi) add_means(phi);
  }

 private:
  double log_constant() const {
    return sd_.array().log().sum() + 0.5 * double(sd_.size()) * log_2pi;
  }
  void density(VectorOut log_q) {
    const double constant = log_constant();
    for (Index s = 0; s < white_.cols(); ++s)
      log_q[s] = -0.5 * white_.col(s).squaredNorm() - constant;
  }
  void add_means(GradientOut phi) {
    phi.vector(bias_) += to_means_.rowwise().sum();
    phi.matrix(weights_).noalias() += to_means_ * context_.transpose();
  }

  Parameters phi_;
  BlockId<float> weights_, bias_, log_sd_;
  Eigen::MatrixXf context_, location_;  ///< [C x B], [D x B]
  Eigen::MatrixXf to_means_;            ///< [D x B] what the latest pull-back gave the means
  Eigen::MatrixXd means_, log_sds_;     ///< [D x B]
  Index draws_per_item_ = 1;
  Eigen::VectorXd sd_;
  Eigen::MatrixXd white_;   ///< [D x S] the noise of the most recent `sample`
  Eigen::MatrixXd scaled_;  ///< [D x S] (z - mean) / sd of the most recent `log_prob`
};

}  // namespace

ELBOW_PLUGIN(AffineGaussian, options,
             {.name = "affine_gaussian",
              .summary = "Gaussian whose mean is affine in the context, in single precision",
              .source = "Kingma & Welling 2014, section 3",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::conditional |
                          Ability::diagonal_gaussian})
