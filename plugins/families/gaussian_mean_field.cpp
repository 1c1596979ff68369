#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      real("initial_scale", 1.0, "standard deviation of every coordinate at the start").above(0)};
}

/// q(z) = prod_d N(z_d; m_d, s_d^2), with phi = (m, log s).
class GaussianMeanField final : public Family,
                                public ClosedEntropy,
                                public GaussianForm,
                                public ClosedKl {
 public:
  explicit GaussianMeanField(const FamilySetup& setup)
      : mean_(parameters_.add("mean", setup.dimension)),
        log_sd_(parameters_.add("log_sd", setup.dimension)) {
    parameters_.vector(log_sd_).setConstant(std::log(setup.options.real("initial_scale")));
  }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    noise_ = noise;
    z = (noise.array().colwise() * sd().array()).matrix().colwise() + mean();
    if (log_q.size() == 0) return;
    log_q = -0.5 * noise.colwise().squaredNorm().transpose();
    log_q.array() -= log_normaliser();
  }

  // log q = -noise^2/2 - sum log s along z = m + s noise: only log s matters to it.
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    phi.vector(mean_) += g_z.rowwise().sum();
    phi.vector(log_sd_).array() += sd().array() * g_z.cwiseProduct(noise_).rowwise().sum().array();
    if (g_log_q.size() > 0) phi.vector(log_sd_).array() -= g_log_q.sum();
  }

  void log_prob(Draws z, VectorOut log_q) override {
    noise_ = (z.colwise() - mean()).array().colwise() / sd().array();
    log_q = -0.5 * noise_.colwise().squaredNorm().transpose();
    log_q.array() -= log_normaliser();
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    if (phi) {
      phi.vector(mean_).array() += (noise_ * w).array() / sd().array();
      phi.vector(log_sd_).array() += (noise_.array().square().matrix() * w).array() - w.sum();
    }
    if (g_z.size() > 0) g_z = -((noise_ * w.asDiagonal()).array().colwise() / sd().array());
  }

  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override {
    return parameters_.vector(log_sd_).sum() + 0.5 * double(dimension()) * (1 + log_2pi);
  }
  void entropy_pullback(double w, GradientOut phi) override { phi.vector(log_sd_).array() += w; }

  GaussianForm* gaussian_form() override { return this; }
  void moments(VectorOut mean_out, DrawsOut covariance) override {
    mean_out = mean();
    covariance = sd().cwiseAbs2().asDiagonal();
  }

  ClosedKl* closed_kl() override { return this; }
  double kl(const Parameters& other) override {
    const auto other_mean = other.f64().segment(mean_.offset, mean_.rows).array();
    const auto other_log_sd = other.f64().segment(log_sd_.offset, log_sd_.rows).array();
    const auto log_sd = parameters_.vector(log_sd_).array();
    return (other_log_sd - log_sd +
            0.5 * ((2 * (log_sd - other_log_sd)).exp() +
                   ((mean().array() - other_mean) / other_log_sd.exp()).square() - 1))
        .sum();
  }

 private:
  Eigen::VectorXd mean() { return parameters_.vector(mean_); }
  Eigen::VectorXd sd() { return parameters_.vector(log_sd_).array().exp(); }
  double log_normaliser() {
    return parameters_.vector(log_sd_).sum() + 0.5 * double(dimension()) * log_2pi;
  }

  Parameters parameters_;
  BlockId<double> mean_, log_sd_;
  Eigen::MatrixXd noise_;  ///< [D x S] (z - m) / s of the most recent call
};

}  // namespace

ELBOW_PLUGIN(GaussianMeanField, options,
             {.name = "gaussian_mean_field",
              .summary = "Gaussian with independent coordinates",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy |
                          Ability::gaussian_form | Ability::closed_kl})
