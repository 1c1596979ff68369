#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("initial_scale", 1, "standard deviation of every coordinate at the start").above(0)};
}

/// q(z) = prod_d N(z_d; m_d, s_d^2), phi = (m, log s), with its Fisher matrix diag(1 / s^2, 2).
class NaturalGaussian final : public Family, public NaturalGradient {
 public:
  explicit NaturalGaussian(const FamilySetup& setup)
      : mean_(phi_.add("mean", setup.dimension)), log_sd_(phi_.add("log_sd", setup.dimension)) {
    phi_.vector(log_sd_).setConstant(std::log(setup.options.real("initial_scale")));
  }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return phi_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    sd_ = phi_.vector(log_sd_).array().exp();
    white_ = noise;
    z = (sd_.asDiagonal() * noise).colwise() + phi_.vector(mean_);
    if (log_q.size() > 0) density(log_q);
  }
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    for (Index s = 0; s < g_z.cols(); ++s) {
      phi.vector(mean_) += g_z.col(s);
      phi.vector(log_sd_).array() += g_z.col(s).array() * sd_.array() * white_.col(s).array();
    }
    if (g_log_q.size() > 0) phi.vector(log_sd_).array() -= g_log_q.sum();
  }
  void log_prob(Draws z, VectorOut log_q) override {
    sd_ = phi_.vector(log_sd_).array().exp();
    white_ = z;
    white_.colwise() -= phi_.vector(mean_);
    white_.array().colwise() /= sd_.array();
    density(log_q);
  }
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s) {
      const auto score = w[s] * white_.col(s).array() / sd_.array();
      if (g_z.size() > 0) g_z.col(s) = -score;
      if (!phi) continue;
      phi.vector(mean_).array() += score;
      phi.vector(log_sd_).array() += w[s] * (white_.col(s).array().square() - 1);
    }
  }

  NaturalGradient* natural_gradient() override { return this; }
  void precondition(GradientOut gradient) override {
    gradient.vector(mean_).array() *= (2 * phi_.vector(log_sd_).array()).exp();
    gradient.vector(log_sd_) /= 2;
  }
  void retract(GradientOut direction, double step) override {
    phi_.vector(mean_) += step * direction.vector(mean_);
    phi_.vector(log_sd_) += step * direction.vector(log_sd_);
  }

 private:
  void density(VectorOut log_q) {
    const double constant = phi_.vector(log_sd_).sum() + 0.5 * double(dimension()) * log_2pi;
    for (Index s = 0; s < white_.cols(); ++s)
      log_q[s] = -0.5 * white_.col(s).squaredNorm() - constant;
  }

  Parameters phi_;
  BlockId<double> mean_, log_sd_;
  Eigen::VectorXd sd_;
  Eigen::MatrixXd white_;  ///< [D x S] (z - m) / s of the most recent call
};

}  // namespace

ELBOW_PLUGIN(NaturalGaussian, options,
             {.name = "natural_gaussian",
              .summary = "Gaussian with independent coordinates and its Fisher metric",
              .source = "Amari 1998",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::natural_gradient})
