#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("causes", 6, "K, binary latent causes; all 2^K states are enumerated")
              .at_least(1)
              .at_most(16),
          integer("features", 10, "generated: P, numbers that are observed").at_least(1),
          real("prior_probability", 0.3, "of a cause to be present").above(0).below(1),
          real("noise_sd", 1.0, "of an observed number around the sum of its causes").above(0)};
}

/// y = W z + noise with z in {0, 1}^K: causes that explain the same features are dependent given
/// y, which independent coordinates cannot show. z_k ~ Bernoulli(prior_probability), noise
/// N(0, noise_sd^2), W known with standard normal entries. Everything is known by enumeration.
class BinaryLatent final : public Model, public Density, public Reference {
 public:
  explicit BinaryLatent(const ModelSetup& setup)
      : causes_(setup.options.integer("causes")),
        noise_sd_(setup.options.real("noise_sd")),
        log_odds_(std::log(setup.options.real("prior_probability")) -
                  std::log1p(-setup.options.real("prior_probability"))),
        w_(setup.options.integer("features"), causes_),
        y_(w_.rows()) {
    RandomStream stream = setup.data_stream;
    stream.fill_normal(w_);
    truth_.resize(causes_);
    for (double& z : truth_) z = stream.uniform() < sigmoid(log_odds_) ? 1 : 0;
    stream.fill_normal(y_);
    y_ = w_ * truth_ + noise_sd_ * y_;
    // log p is a quadratic form in z, of which the data keep W^T y and W^T W.
    const double precision = 1 / (noise_sd_ * noise_sd_);
    linear_ = precision * (w_.transpose() * y_);
    linear_.array() += log_odds_;
    quadratic_ = precision * (w_.transpose() * w_);
    constant_ = -0.5 * precision * y_.squaredNorm() -
                double(y_.size()) * (0.5 * log_2pi + std::log(noise_sd_)) -
                double(causes_) * softplus(log_odds_);
    states_.resize(causes_, Index(1) << causes_);
    for (Index s = 0; s < states_.cols(); ++s)
      for (Index k = 0; k < causes_; ++k) states_(k, s) = double((s >> k) & 1);
    posterior_.resize(states_.cols());
    log_density(states_, posterior_);
    log_evidence_ = log_sum_exp(posterior_);
    posterior_ = (posterior_.array() - log_evidence_).exp();
  }

  Density* density() override { return this; }
  Reference* reference() override { return this; }
  std::vector<DataArray> data() const override {
    return {{{"y", {y_.size()}, {"feature"}, ""}, y_, true},
            {{"w", {w_.rows(), causes_}, {"feature", "cause"}, ""}, w_.reshaped(), false},
            {{"true_z", {causes_}, {"cause"}, ""}, truth_, false}};
  }

  Index dimension() const override { return causes_; }
  std::vector<Variable> variables() const override { return {{"z", {causes_}, {"cause"}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      double sum = constant_;
      for (Index k = 0; k < causes_; ++k)
        sum += z(k, s) * (linear_[k] - 0.5 * quadratic_.col(k).dot(z.col(s)));
      log_p[s] = sum;
    }
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{log_evidence_}; }
  std::optional<Moments> moments() const override {
    const Eigen::VectorXd mean = states_ * posterior_, zero = Eigen::VectorXd::Zero(causes_);
    return Moments{mean, (mean.array() * (1 - mean.array())).sqrt(), zero, zero};
  }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    for (Index s = 0; s < z.cols(); ++s) {
      double left = stream.uniform();
      Index state = 0;
      while (state + 1 < states_.cols() && (left -= posterior_[state]) >= 0) ++state;
      z.col(s) = states_.col(state);
    }
  }

 private:
  Index causes_;
  double noise_sd_, log_odds_;
  Eigen::MatrixXd w_;          ///< [P x K]
  Eigen::VectorXd y_, truth_;  ///< [P], [K]
  Eigen::VectorXd linear_;     ///< [K]
  Eigen::MatrixXd quadratic_;  ///< [K x K]
  double constant_ = 0, log_evidence_ = 0;
  Eigen::MatrixXd states_;     ///< [K x 2^K]
  Eigen::VectorXd posterior_;  ///< [2^K] probabilities of the states
};

}  // namespace

ELBOW_PLUGIN(BinaryLatent, options,
             {.name = "binary_latent",
              .summary = "binary causes of observed numbers, enumerated",
              .source = "Ghahramani 1995 (factorial models)",
              .provides = Ability::density | Ability::discrete | Ability::reference})
