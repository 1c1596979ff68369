#include <Eigen/Cholesky>
#include <elbow/elbow.hpp>
#include <optional>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("items", 60, "training items; a third as many for validation and for testing")
              .at_least(3),
          integer("pixels", 5, "numbers in one item").at_least(1),
          integer("factors", 2, "latent numbers of one item").at_least(1),
          reals("observed", optional, "for each number of an item 1 where it is seen, or 0")
              .at_least(0)
              .at_most(1)};
}

/// x = W z + b + noise, z ~ N(0, I), noise ~ N(0, s^2 I), theta = (W, b, log s): a linear decoder,
/// whose evidence is known, log N(x; b, W W^T + s^2 I).
class FactorAnalysis final : public Model, public LatentItems, public Reference {
 public:
  explicit FactorAnalysis(const ModelSetup& setup)
      : pixels_(setup.options.integer("pixels")),
        factors_(setup.options.integer("factors")),
        observed_(Eigen::VectorXd::Ones(pixels_)),
        weights_(theta_.add("weights", pixels_, factors_)),
        bias_(theta_.add("bias", pixels_)),
        log_sd_(theta_.add("log_sd", 1)) {
    if (setup.options.has("observed")) observed_ = setup.options.reals("observed");
    if (observed_.size() != pixels_)
      throw OptionError("observed must have " + std::to_string(pixels_) + " numbers, got " +
                        std::to_string(observed_.size()));
    RandomStream stream = setup.data_stream;
    auto weights = theta_.matrix(weights_);
    stream.fill_normal(Eigen::Map<Eigen::MatrixXd>(weights.data(), pixels_, factors_));
    const Index train = setup.options.integer("items");
    for (Eigen::MatrixXd& items : data_) {
      const Index count = &items == &data_[0] ? train : train / 3;
      Eigen::MatrixXd z(factors_, count), noise(pixels_, count);
      stream.fill_normal(z);
      stream.fill_normal(noise);
      items = weights * z + noise;
    }
  }

  LatentItems* latent_items() override { return this; }
  Reference* reference() override { return this; }
  std::vector<DataArray> data() const override {
    return {{{"x", {pixels_, data_[0].cols()}, {"pixel", "item"}, ""}, data_[0].reshaped(), true}};
  }

  Index item_count(Split split) const override { return items(split).cols(); }
  Index latent_dimension() const override { return factors_; }
  Index feature_dimension() const override { return pixels_; }
  Parameters& parameters() override { return theta_; }

  void use_items(Split split, std::span<const Index> chosen, RandomStream) override {
    x_.resize(pixels_, Index(chosen.size()));
    for (Index b = 0; b < x_.cols(); ++b) x_.col(b) = items(split).col(chosen[std::size_t(b)]);
    features_ = x_.cast<float>();
  }
  void dream(RandomStream stream, DrawsOut z) override {
    x_.resize(pixels_, z.cols());
    stream.fill_normal(z);
    stream.fill_normal(x_);
    x_ *= std::exp(theta_.vector(log_sd_)[0]);
    x_.noalias() += theta_.matrix(weights_) * z;
    x_.colwise() += theta_.vector(bias_);
    features_ = x_.cast<float>();
  }
  Context features() const override { return features_; }
  void values(DrawsOut x) override { x = x_; }

  void log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior) override {
    const Index per_item = z.cols() / x_.cols();
    z_ = z;
    if (log_prior.size() > 0)
      for (Index s = 0; s < z.cols(); ++s)
        log_prior[s] = -0.5 * (z.col(s).squaredNorm() + double(factors_) * log_2pi);
    if (log_likelihood.size() == 0) return;
    residual_.noalias() = -theta_.matrix(weights_) * z;
    for (Index s = 0; s < z.cols(); ++s)
      residual_.col(s) += x_.col(s / per_item) - theta_.vector(bias_);
    residual_.array().colwise() *= observed_.array();
    const double log_sd = theta_.vector(log_sd_)[0], precision = std::exp(-2 * log_sd);
    for (Index s = 0; s < z.cols(); ++s)
      log_likelihood[s] = -0.5 * precision * residual_.col(s).squaredNorm() -
                          observed_.sum() * (log_sd + 0.5 * log_2pi);
  }

  void log_joint_pullback(Vector likelihood_weights, Vector prior_weights, GradientOut theta,
                          DrawsOut g_z) override {
    if (g_z.size() > 0) {
      if (prior_weights.size() > 0)
        g_z.noalias() = -z_ * prior_weights.asDiagonal();
      else
        g_z.setZero();
    }
    if (likelihood_weights.size() == 0) return;
    const double precision = std::exp(-2 * theta_.vector(log_sd_)[0]);
    for (Index s = 0; s < z_.cols(); ++s) {
      const double scaled = likelihood_weights[s] * precision;
      if (g_z.size() > 0)
        g_z.col(s).noalias() += scaled * theta_.matrix(weights_).transpose() * residual_.col(s);
      if (!theta) continue;
      theta.matrix(weights_).noalias() += scaled * residual_.col(s) * z_.col(s).transpose();
      theta.vector(bias_) += scaled * residual_.col(s);
      theta.vector(log_sd_)[0] +=
          scaled * residual_.col(s).squaredNorm() - likelihood_weights[s] * observed_.sum();
    }
  }

  void decode(Draws z, DrawsOut x) override {
    x = (theta_.matrix(weights_) * z).colwise() + theta_.vector(bias_);
  }
  Variable item() const override { return {"x", {pixels_}, {"pixel"}, ""}; }
  Eigen::VectorXd observed() const override {
    return observed_.minCoeff() < 1 ? observed_ : Eigen::VectorXd();
  }

  /// Of the training items at the current theta.
  std::optional<Estimate> log_evidence() const override {
    std::vector<Index> seen;
    for (Index i = 0; i < pixels_; ++i)
      if (observed_[i] > 0) seen.push_back(i);
    Parameters theta = theta_;
    const Eigen::MatrixXd weights = theta.matrix(weights_)(seen, Eigen::all);
    Eigen::MatrixXd covariance = weights * weights.transpose();
    covariance.diagonal().array() += std::exp(2 * theta.vector(log_sd_)[0]);
    const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
    const Eigen::MatrixXd centred = data_[0].colwise() - theta.vector(bias_);
    const Eigen::MatrixXd white = factor.matrixL().solve(centred(seen, Eigen::all));
    const double n = double(data_[0].cols());
    const double log_det = 2 * factor.matrixLLT().diagonal().array().log().sum();
    return Estimate{-0.5 * (white.squaredNorm() + n * (log_det + double(seen.size()) * log_2pi)),
                    0};
  }

 private:
  const Eigen::MatrixXd& items(Split split) const { return data_[std::size_t(split)]; }

  Index pixels_, factors_;
  Eigen::VectorXd observed_;  ///< [pixels]
  Parameters theta_;
  BlockId<double> weights_, bias_, log_sd_;
  Eigen::MatrixXd data_[3];       ///< [pixels x items] of train, validation, test
  Eigen::MatrixXd x_;             ///< [pixels x B] the chosen items
  Eigen::MatrixXf features_;      ///< [pixels x B] the same
  Eigen::MatrixXd z_, residual_;  ///< of the most recent log_joint
};

}  // namespace

ELBOW_PLUGIN(FactorAnalysis, options,
             {.name = "factor_analysis",
              .summary = "factor analysis: a linear decoder with known evidence",
              .source = "Tipping & Bishop 1999, eq. 4",
              .provides = Ability::latent_items | Ability::reference})
