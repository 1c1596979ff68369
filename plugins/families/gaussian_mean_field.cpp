#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      real("initial_scale", 1.0, "standard deviation of every coordinate at the start").above(0)};
}

/// q(z) = prod_d N(z_d; m_d, s_d^2), with phi = (m, log s). Standardised draws e = (z - m) / s.
class GaussianMeanField final : public Family,
                                public ClosedEntropy,
                                public GaussianForm,
                                public ClosedKl,
                                public NaturalGradient,
                                public Transport {
 public:
  explicit GaussianMeanField(const FamilySetup& setup)
      : mean_(parameters_.add("mean", setup.dimension)),
        log_sd_(parameters_.add("log_sd", setup.dimension)),
        sd_(setup.dimension),
        inverse_sd_(setup.dimension),
        sum_(setup.dimension) {
    parameters_.vector(log_sd_).setConstant(std::log(setup.options.real("initial_scale")));
  }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    sd_ = log_sd().array().exp();
    const double normaliser = log_normaliser();
    Eigen::MatrixXd& e = room(sampled_, noise.cols());
    for (Index s = 0; s < noise.cols(); ++s) {
      e.col(s) = noise.col(s);
      z.col(s) = mean() + sd_.cwiseProduct(noise.col(s));
      if (log_q.size() > 0) log_q[s] = -0.5 * noise.col(s).squaredNorm() - normaliser;
    }
  }

  // log q = -e^2/2 - sum log s along z = m + s e: only log s matters to it.
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    sum_.setZero();
    for (Index s = 0; s < g_z.cols(); ++s) {
      phi.vector(mean_) += g_z.col(s);
      sum_ += g_z.col(s).cwiseProduct(sampled_.col(s));
    }
    phi.vector(log_sd_) += sd_.cwiseProduct(sum_);
    if (g_log_q.size() > 0) phi.vector(log_sd_).array() -= g_log_q.sum();
  }

  void log_prob(Draws z, VectorOut log_q) override {
    inverse_sd_ = (-log_sd().array()).exp();
    const double normaliser = log_normaliser();
    Eigen::MatrixXd& e = room(scored_, z.cols());
    for (Index s = 0; s < z.cols(); ++s) {
      e.col(s) = inverse_sd_.cwiseProduct(z.col(s) - mean());
      log_q[s] = -0.5 * e.col(s).squaredNorm() - normaliser;
    }
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    if (g_z.size() > 0)
      for (Index s = 0; s < w.size(); ++s)
        g_z.col(s) = -w[s] * inverse_sd_.cwiseProduct(scored_.col(s));
    if (!phi) return;
    sum_.setZero();
    for (Index s = 0; s < w.size(); ++s) {
      sum_ += w[s] * scored_.col(s);
      phi.vector(log_sd_).array() += w[s] * (scored_.col(s).array().square() - 1);
    }
    phi.vector(mean_) += inverse_sd_.cwiseProduct(sum_);
  }

  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override { return log_sd().sum() + 0.5 * double(dimension()) * (1 + log_2pi); }
  void entropy_pullback(double w, GradientOut phi) override { phi.vector(log_sd_).array() += w; }

  GaussianForm* gaussian_form() override { return this; }
  void moments(VectorOut mean_out, DrawsOut covariance) override {
    mean_out = mean();
    covariance = (2 * log_sd().array()).exp().matrix().asDiagonal();
  }

  ClosedKl* closed_kl() override { return this; }
  double kl(const Parameters& other) override {
    const auto other_mean = other.f64().segment(mean_.offset, mean_.rows).array();
    const auto other_log_sd = other.f64().segment(log_sd_.offset, log_sd_.rows).array();
    const auto log_ratio = log_sd().array() - other_log_sd;
    const auto shift = (mean().array() - other_mean) / other_log_sd.exp();
    return (0.5 * ((2 * log_ratio).exp() + shift.square() - 1) - log_ratio).sum();
  }

  // The Fisher matrix of (m, log s) is diagonal: 1 / s^2 and 2.
  NaturalGradient* natural_gradient() override { return this; }
  void precondition(GradientOut gradient) override {
    gradient.vector(mean_).array() *= (2 * log_sd().array()).exp();
    gradient.vector(log_sd_) *= 0.5;
  }
  void retract(GradientOut direction, double step) override {
    mean() += step * direction.vector(mean_);
    log_sd() += step * direction.vector(log_sd_);
  }

  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override { sample(e, z, log_q); }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    for (Index s = 0; s < g_z.cols(); ++s)
      g_e.col(s) = sd_.cwiseProduct(g_z.col(s)) - g_log_q[s] * sampled_.col(s);
  }

 private:
  Parameters::Column<double> mean() { return parameters_.vector(mean_); }
  Parameters::Column<double> log_sd() { return parameters_.vector(log_sd_); }
  double log_normaliser() { return log_sd().sum() + 0.5 * double(dimension()) * log_2pi; }

  /// The columns of `kept` only grow, so that calls of several sizes in turn do not allocate.
  Eigen::MatrixXd& room(Eigen::MatrixXd& kept, Index draws) const {
    if (kept.cols() < draws) kept.resize(dimension(), draws);
    return kept;
  }

  Parameters parameters_;
  BlockId<double> mean_, log_sd_;
  Eigen::VectorXd sd_, inverse_sd_;  ///< of the most recent sample, and of the most recent log_prob
  Eigen::VectorXd sum_;
  Eigen::MatrixXd sampled_, scored_;  ///< [D x S] e of the most recent sample, and log_prob
};

}  // namespace

ELBOW_PLUGIN(GaussianMeanField, options,
             {.name = "gaussian_mean_field",
              .summary = "Gaussian with independent coordinates",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy |
                          Ability::gaussian_form | Ability::closed_kl | Ability::natural_gradient |
                          Ability::transport})
