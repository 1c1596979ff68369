#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <elbow/elbow.hpp>

#include "latent_items/splits.hpp"

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index generated_train = 200, generated_test = 100;

std::vector<Option> options() {
  std::vector<Option> all = {
      array("data", optional, "items along the first axis; without it they are generated"),
      integer("pixels", 8, "numbers in a generated item").at_least(1),
      integer("factors", 2, "latent numbers of one item").at_least(1),
      choice("noise", {"isotropic", "diagonal"},
             "one variance for all pixels (probabilistic PCA), or one for each"),
      choice(
          "start", {"random", "maximum_likelihood"},
          "where theta begins: at small random weights; where the evidence of the training items "
          "is largest"),
      reals(
          "observed", optional,
          "for each pixel 1 where it is seen, or 0: the likelihood counts only those seen, and an "
          "encoder sees zeros for the others")
          .at_least(0)
          .at_most(1)};
  for (Option& option : Splits::options(generated_train, generated_test))
    all.push_back(std::move(option));
  return all;
}

/// theta as matrices.
struct Factors {
  MatrixXd weights;   ///< [P x F]
  VectorXd variance;  ///< [P] of the noise
};

/// The mean log N(x; mean, W W^T + diag(v)) over items with that mean and the covariance S.
double mean_log_evidence(const Factors& theta, const MatrixXd& s) {
  MatrixXd covariance = theta.weights * theta.weights.transpose();
  covariance.diagonal() += theta.variance;
  const Eigen::LLT<MatrixXd> factor(covariance);
  return -0.5 * (factor.solve(s).trace() + double(s.rows()) * log_2pi) -
         factor.matrixLLT().diagonal().array().log().sum();
}

/// The best weights for a given noise: the eigenvectors of V^-1/2 S V^-1/2 with the largest
/// eigenvalues (Tipping & Bishop 1999, eq. 7, in units of the noise). Their columns are orthogonal
/// in these units, so that the exact posterior has independent coordinates.
MatrixXd best_weights(const MatrixXd& s, const VectorXd& variance, Index factors) {
  const VectorXd sd = variance.cwiseSqrt();
  const MatrixXd white = sd.cwiseInverse().asDiagonal() * s * sd.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(white);
  MatrixXd weights(s.rows(), factors);
  for (Index f = 0; f < factors; ++f) {
    const Index j = s.rows() - 1 - f;
    const double excess = j >= 0 ? std::max(0.0, eigen.eigenvalues()[j] - 1) : 0;
    if (j < 0)
      weights.col(f).setZero();
    else
      weights.col(f) = std::sqrt(excess) * sd.cwiseProduct(eigen.eigenvectors().col(j));
  }
  return weights;
}

/// Probabilistic PCA in closed form (Tipping & Bishop 1999, eqs. 7-8).
Factors best_isotropic(const MatrixXd& s, Index factors) {
  const VectorXd eigenvalues = Eigen::SelfAdjointEigenSolver<MatrixXd>(s).eigenvalues();
  const Index left = std::max<Index>(1, s.rows() - factors);
  const VectorXd variance = VectorXd::Constant(
      s.rows(), std::max(eigenvalues.head(left).mean(), 1e-12 * eigenvalues.maxCoeff()));
  return {best_weights(s, variance, factors), variance};
}

/// By the weights' closed form and an EM step of the noise in turn (Rubin & Thayer 1982), each of
/// which raises the evidence, until it rises by less than 1e-12 nats.
Factors best_diagonal(const MatrixXd& s, Index factors) {
  Factors theta = best_isotropic(s, factors);
  const VectorXd least = 1e-9 * s.diagonal();
  theta.variance = (0.5 * s.diagonal()).cwiseMax(least);
  double evidence = -infinity;
  for (int i = 0; i < 100'000; ++i) {
    theta.weights = best_weights(s, theta.variance, factors);
    const double now = mean_log_evidence(theta, s);
    if (now - evidence < 1e-12) break;
    evidence = now;
    MatrixXd covariance = theta.weights * theta.weights.transpose();
    covariance.diagonal() += theta.variance;
    const MatrixXd to_z = covariance.llt().solve(theta.weights);  // [P x F]
    theta.variance =
        (s.diagonal() - (s * to_z).cwiseProduct(theta.weights).rowwise().sum()).cwiseMax(least);
  }
  return theta;
}

/// x = W z + b + noise, z ~ N(0, I), noise ~ N(0, diag(v)), theta = (W, b, log sd): a linear
/// decoder, whose evidence is known, log N(x; b, W W^T + diag(v)).
class FactorAnalysis final : public Model,
                             public LatentItems,
                             public Reference,
                             private GaussianPrior,
                             private KnownEvidence {
 public:
  explicit FactorAnalysis(const ModelSetup& setup)
      : data_(read(setup)),
        splits_(setup.options.has("data")
                    ? Splits(setup.options, data_.cols())
                    : Splits(Splits::generated(setup.options, generated_train, generated_test))),
        factors_(setup.options.integer("factors")),
        isotropic_(setup.options.text("noise") == "isotropic"),
        weights_(theta_.add("weights", pixels(), factors_)),
        bias_(theta_.add("bias", pixels())),
        log_sd_(theta_.add("log_sd", isotropic_ ? 1 : pixels())) {
    const MatrixXd train = data_.leftCols(splits_.count(Split::train));
    const VectorXd mean = train.rowwise().mean();
    const MatrixXd centred = train.colwise() - mean;
    covariance_ = centred * centred.transpose() / double(train.cols());
    if (!(covariance_.diagonal().minCoeff() > 0))
      throw Error("a pixel has the same value in all " + std::to_string(train.cols()) +
                  " training items: its noise would have no variance");
    theta_.vector(bias_) = mean;
    observed_.setOnes(pixels());
    if (setup.options.has("observed")) observed_ = setup.options.reals("observed").cwiseSign();
    if (observed_.size() != pixels())
      throw OptionError("observed must have " + std::to_string(pixels()) + " numbers, got " +
                        std::to_string(observed_.size()));
    for (Index i = 0; i < pixels(); ++i)
      if (observed_[i] > 0) seen_.push_back(i);
    if (seen_.empty()) throw OptionError("observed leaves no pixel seen");
    if (setup.options.has("observed") && observed_ != setup.options.reals("observed"))
      throw OptionError("observed must be 0 or 1 for each pixel");
    if (setup.options.text("start") == "maximum_likelihood") {
      if (Index(seen_.size()) < pixels())
        throw OptionError("start \"maximum_likelihood\" needs all pixels observed");
      const Factors best = maximum_likelihood();
      theta_.matrix(weights_) = best.weights;
      theta_.vector(log_sd_) = (0.5 * best.variance.array().log()).head(log_sd_.rows);
    } else {
      RandomStream stream = setup.data_stream.substream(1);
      MatrixXd weights(pixels(), factors_);
      stream.fill_normal(weights);
      const VectorXd sd = covariance_.diagonal().cwiseSqrt();
      theta_.matrix(weights_) = 0.1 * sd.asDiagonal() * weights;
      if (isotropic_)
        theta_.vector(log_sd_)[0] = 0.5 * std::log(covariance_.diagonal().mean());
      else
        theta_.vector(log_sd_) = sd.array().log();
    }
  }

  LatentItems* latent_items() override { return this; }
  Reference* reference() override { return this; }
  std::vector<DataArray> data() const override {
    const Index stored = std::min<Index>(100, splits_.count(Split::test));
    const auto x = data_.middleCols(splits_.first(Split::test), stored);
    return {{{"x", {pixels(), stored}, {"pixel", "item"}, ""}, x.reshaped(), true}};
  }

  Index item_count(Split split) const override { return splits_.count(split); }
  Index latent_dimension() const override { return factors_; }
  Index feature_dimension() const override { return pixels(); }
  Parameters& parameters() override { return theta_; }
  GaussianPrior* gaussian_prior() override { return this; }
  KnownEvidence* known_evidence() override { return this; }

  void use_items(Split split, std::span<const Index> chosen, RandomStream) override {
    x_.resize(pixels(), Index(chosen.size()));
    for (Index b = 0; b < x_.cols(); ++b)
      x_.col(b) = data_.col(splits_.first(split) + chosen[std::size_t(b)]);
    see();
  }
  void dream(RandomStream stream, DrawsOut z) override {
    x_.resize(pixels(), z.cols());
    stream.fill_normal(z);
    stream.fill_normal(x_);
    for (Index p = 0; p < pixels(); ++p)
      x_.row(p) *= std::exp(theta_.vector(log_sd_)[isotropic_ ? 0 : p]);
    x_.noalias() += theta_.matrix(weights_) * z;
    x_.colwise() += theta_.vector(bias_);
    see();
  }
  Context features() const override { return features_; }
  void values(DrawsOut x) override { x = x_; }
  Variable item() const override { return {"x", {pixels()}, {"pixel"}, ""}; }
  VectorXd observed() const override {
    return Index(seen_.size()) < pixels() ? observed_ : VectorXd();
  }
  void decode(Draws z, DrawsOut x) override {
    x.noalias() = theta_.matrix(weights_) * z;
    x.colwise() += theta_.vector(bias_);
  }

  void log_joint(Draws z, VectorOut log_likelihood, VectorOut log_prior) override {
    const Index per_item = z.cols() / x_.cols();
    z_ = z;
    if (log_prior.size() > 0)
      log_prior =
          -0.5 * (z.colwise().squaredNorm().array() + double(factors_) * log_2pi).transpose();
    if (log_likelihood.size() == 0) return;
    read_precision();
    residual_.noalias() = theta_.matrix(weights_) * z;
    for (Index s = 0; s < z.cols(); ++s)
      residual_.col(s) = x_.col(s / per_item) - theta_.vector(bias_) - residual_.col(s);
    const double log_sds =
        isotropic_ ? seen() * theta_.vector(log_sd_)[0] : theta_.vector(log_sd_).dot(observed_);
    for (Index s = 0; s < z.cols(); ++s)
      log_likelihood[s] =
          -0.5 * residual_.col(s).cwiseAbs2().dot(precision_) - log_sds - 0.5 * seen() * log_2pi;
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
    pulled_ = residual_.array().colwise() * precision_.array();
    pulled_.array().rowwise() *= likelihood_weights.transpose().array();
    if (g_z.size() > 0) g_z.noalias() += theta_.matrix(weights_).transpose() * pulled_;
    if (!theta) return;
    theta.matrix(weights_).noalias() += pulled_ * z_.transpose();
    theta.vector(bias_) += pulled_.rowwise().sum();
    const double total = likelihood_weights.sum();
    if (isotropic_)
      theta.vector(log_sd_)[0] += pulled_.cwiseProduct(residual_).sum() - seen() * total;
    else
      theta.vector(log_sd_).array() +=
          pulled_.cwiseProduct(residual_).rowwise().sum().array() - total * observed_.array();
  }

  /// Of all training items at the current theta.
  std::optional<Estimate> log_evidence() const override {
    const Index count = splits_.count(Split::train);
    VectorXd log_p(count);
    evidence_of(data_.leftCols(count), log_p);
    return Estimate{log_p.sum(), 0};
  }

 private:
  static MatrixXd read(const ModelSetup& setup) {
    if (setup.options.has("data")) {
      const std::shared_ptr<const Array>& given = setup.options.array("data");
      MatrixXd all(given->item_size(), given->item_count());
      std::visit(
          [&](const auto& numbers) {
            for (Index i = 0; i < all.size(); ++i) all.data()[i] = double(numbers[std::size_t(i)]);
          },
          given->numbers);
      return all;
    }
    const Index pixels = setup.options.integer("pixels");
    const Index factors = setup.options.integer("factors");
    const auto counts = Splits::generated(setup.options, generated_train, generated_test);
    RandomStream stream = setup.data_stream;
    MatrixXd weights(pixels, factors), z(factors, counts[0] + counts[1] + counts[2]);
    VectorXd bias(pixels), sd = VectorXd::Ones(pixels);
    stream.fill_normal(weights);
    stream.fill_normal(bias);
    if (setup.options.text("noise") == "diagonal")
      for (double& scale : sd) scale = 0.5 + stream.uniform();
    MatrixXd x(pixels, z.cols());
    stream.fill_normal(z);
    stream.fill_normal(x);
    return ((sd.asDiagonal() * x + weights * z).colwise() + bias).eval();
  }

  Index pixels() const { return data_.rows(); }
  VectorXd variance() const {
    Parameters theta = theta_;
    if (isotropic_) return VectorXd::Constant(pixels(), std::exp(2 * theta.vector(log_sd_)[0]));
    return (2 * theta.vector(log_sd_).array()).exp();
  }
  void read_precision() {
    if (isotropic_)
      precision_.setConstant(pixels(), std::exp(-2 * theta_.vector(log_sd_)[0]));
    else
      precision_ = (-2 * theta_.vector(log_sd_).array()).exp();
    precision_.array() *= observed_.array();
  }
  double seen() const { return double(seen_.size()); }
  void see() { features_ = (x_.array().colwise() * observed_.array()).matrix().cast<float>(); }

  void evidence_of(Draws x, VectorOut log_p) const {
    Parameters theta = theta_;
    const MatrixXd weights = theta.matrix(weights_)(seen_, Eigen::all);
    MatrixXd covariance = weights * weights.transpose();
    covariance.diagonal() += variance()(seen_);
    const Eigen::LLT<MatrixXd> factor(covariance);
    const MatrixXd centred = x.colwise() - theta.vector(bias_);
    const MatrixXd white = factor.matrixL().solve(centred(seen_, Eigen::all));
    log_p = (-0.5 * (white.colwise().squaredNorm().array() + seen() * log_2pi) -
             factor.matrixLLT().diagonal().array().log().sum())
                .transpose();
  }
  /// Of the observed pixels.
  MatrixXd seen_covariance() const { return covariance_(seen_, seen_); }
  Factors maximum_likelihood() const {
    return isotropic_ ? best_isotropic(seen_covariance(), factors_)
                      : best_diagonal(seen_covariance(), factors_);
  }

  using Reference::moments;  // beside the prior's of this name
  void moments(VectorOut mean, VectorOut log_sd) override {
    mean.setZero();
    log_sd.setZero();
  }
  void pullback(Vector, Vector, GradientOut) override {}
  void item_log_evidence(VectorOut log_p) override { evidence_of(x_, log_p); }
  double maximum() override { return mean_log_evidence(maximum_likelihood(), seen_covariance()); }

  MatrixXd data_;  ///< [P x N]
  Splits splits_;
  Index factors_;
  bool isotropic_;
  VectorXd observed_;        ///< [P]  1 or 0
  std::vector<Index> seen_;  ///< where it is 1
  Parameters theta_;
  BlockId<double> weights_, bias_, log_sd_;
  MatrixXd covariance_;             ///< [P x P] of the training items
  MatrixXd x_;                      ///< [P x B] the chosen items
  Eigen::MatrixXf features_;        ///< [P x B] the same
  MatrixXd z_, residual_, pulled_;  ///< of the most recent log_joint and its pull-back
  VectorXd precision_;              ///< [P]
};

}  // namespace

ELBOW_PLUGIN(FactorAnalysis, options,
             {.name = "factor_analysis",
              .summary = "factor analysis: a linear decoder with known evidence",
              .source = "Tipping & Bishop 1999; Rubin & Thayer 1982",
              .provides = Ability::latent_items | Ability::reference})
