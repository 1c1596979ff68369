#include <elbow/elbow.hpp>
#include <numeric>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {table("data", optional, "one item per row; by default generated from the model"),
          integer("components", 3, "K").at_least(1),
          integer("items", 200, "generated: N").at_least(1),
          integer("features", 1, "generated: P, the dimension of an item").at_least(1),
          real("prior_sd", 5.0, "of every coordinate of the components' means").above(0),
          real("noise_sd", 1.0, "of an item around its component's mean, per coordinate").above(0)};
}

/// q(mu) = prod_k N(mu_k; m_k, v_k I), of which coordinate ascent sets the numbers.
class MeansFamily final : public Family {
 public:
  MeansFamily(Index features, Index components)
      : mean_(parameters_.add("mean", features, components)),
        variance_(parameters_.add("variance", components)) {
    variance().setOnes();
  }

  Parameters::Block<double> mean() { return parameters_.matrix(mean_); }
  Parameters::Column<double> variance() { return parameters_.vector(variance_); }

  Index dimension() const override { return mean_.rows * mean_.cols; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    for (Index s = 0; s < z.cols(); ++s)
      for (Index i = 0; i < dimension(); ++i)
        z(i, s) =
            parameters_.vector(mean_)[i] + std::sqrt(variance()[i / mean_.rows]) * noise(i, s);
    if (log_q.size() > 0) log_prob(z, log_q);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    scored_ = z;
    log_q.setZero();
    for (Index s = 0; s < z.cols(); ++s)
      for (Index i = 0; i < dimension(); ++i)
        log_q[s] += log_normal(z(i, s), parameters_.vector(mean_)[i],
                               std::sqrt(variance()[i / mean_.rows]));
  }
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s)
      for (Index i = 0; i < dimension(); ++i) {
        const double v = variance()[i / mean_.rows];
        const double pull = (scored_(i, s) - parameters_.vector(mean_)[i]) / v;
        if (g_z.size() > 0) g_z(i, s) = -w[s] * pull;
        if (!phi) continue;
        phi.vector(mean_)[i] += w[s] * pull;
        phi.vector(variance_)[i / mean_.rows] += 0.5 * w[s] * (pull * pull - 1 / v);
      }
  }

 private:
  Parameters parameters_;
  BlockId<double> mean_, variance_;
  MatrixXd scored_;  ///< [D x S]  of the most recent log_prob
};

/// mu_k ~ N(0, s^2 I), c_i uniform over K components, x_i ~ N(mu_(c_i), sigma^2 I). The density is
/// that of mu with the assignments summed out, and has K! equal modes; the ELBO is that of q(mu)
/// prod_i q(c_i), and q keeps to one of them. z = (mu_1, ..., mu_K).
class BayesianGaussianMixture final : public Model, public Density, public Conjugate {
 public:
  explicit BayesianGaussianMixture(const ModelSetup& setup)
      : prior_variance_(std::pow(setup.options.real("prior_sd"), 2)),
        noise_variance_(std::pow(setup.options.real("noise_sd"), 2)),
        x_(items(setup, truth_)),
        by_item_(x_.transpose()),
        shares_(x_.cols(), setup.options.integer("components")),
        log_share_(shares_.cols()),
        tile_(tile_items, shares_.cols()),
        largest_(tile_items),
        counts_(shares_.cols()),
        squares_(shares_.cols()),
        sums_(x_.rows(), shares_.cols()),
        used_(std::size_t(x_.cols())),
        q_(x_.rows(), shares_.cols()) {
    std::iota(used_.begin(), used_.end(), Index(0));
    shares_.setConstant(1 / double(components()));
    norms_ = by_item_.rowwise().squaredNorm();
    summarize();
  }

  Density* density() override { return this; }
  Conjugate* conjugate() override { return this; }
  VectorXd truth() const override { return truth_; }
  std::vector<DataArray> data() const override {
    return {{{"x", {x_.rows(), x_.cols()}, {"feature", "item"}, ""},
             Eigen::Map<const VectorXd>(x_.data(), x_.size()),
             true}};
  }

  Index dimension() const override { return features() * components(); }
  std::vector<Variable> variables() const override {
    return {{"mean", {features(), components()}, {"feature", "component"}, ""}};
  }
  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    const double scale = double(item_count()) / double(used_.size()), p = double(features());
    const double prior = -0.5 * double(dimension()) * (log_2pi + std::log(prior_variance_));
    const double constant = -0.5 * p * (log_2pi + std::log(noise_variance_));
    for (Index s = 0; s < z.cols(); ++s) {
      double sum = prior - 0.5 * z.col(s).squaredNorm() / prior_variance_;
      if (gradient.size() > 0) gradient.col(s) = -z.col(s) / prior_variance_;
      for (const Index i : used_) {
        for (Index k = 0; k < components(); ++k)
          log_share_[k] =
              constant -
              0.5 * (x_.col(i) - z.col(s).segment(k * features(), features())).squaredNorm() /
                  noise_variance_;
        const double item = log_mean_exp(log_share_);
        sum += scale * item;
        if (gradient.size() == 0 || !std::isfinite(item)) continue;
        for (Index k = 0; k < components(); ++k)
          gradient.col(s).segment(k * features(), features()) +=
              scale * std::exp(log_share_[k] - item) / (double(components()) * noise_variance_) *
              (x_.col(i) - z.col(s).segment(k * features(), features()));
      }
      log_p[s] = sum;
    }
    mark_outside_support(z, log_p, gradient);
  }
  Index item_count() const override { return x_.cols(); }
  void use_items(std::span<const Index> items) override {
    if (!items.empty()) {
      used_.assign(items.begin(), items.end());
      return;
    }
    used_.resize(std::size_t(x_.cols()));
    std::iota(used_.begin(), used_.end(), Index(0));
  }

  // Block 0 is all assignments, block 1 + k the mean of component k.
  Index block_count() const override { return 1 + components(); }
  void update_block(Index b) override {
    if (b == 0) {
      assign_all();
      return;
    }
    if (stale_) summarize();
    const Index k = b - 1;
    const double precision = 1 / prior_variance_ + counts_[k] / noise_variance_;
    q_.mean().col(k) = sums_.col(k) / (noise_variance_ * precision);
    q_.variance()[k] = 1 / precision;
  }
  double elbo() override {
    if (stale_) summarize();
    const double p = double(features());
    double sum = entropy_;
    for (Index k = 0; k < components(); ++k) {
      const double v = q_.variance()[k];
      sum += 0.5 * p * (1 + std::log(v / prior_variance_) - v / prior_variance_) -
             0.5 * q_.mean().col(k).squaredNorm() / prior_variance_;
      const double square = squares_[k] - 2 * q_.mean().col(k).dot(sums_.col(k)) +
                            counts_[k] * (q_.mean().col(k).squaredNorm() + p * v);
      sum -= counts_[k] * (std::log(double(components())) +
                           0.5 * p * (log_2pi + std::log(noise_variance_))) +
             0.5 * square / noise_variance_;
    }
    return sum;
  }
  /// Means at random items: equal ones would never part.
  void initialize(RandomStream& stream) override {
    for (Index k = 0; k < components(); ++k) {
      q_.mean().col(k) = x_.col(stream.integer(x_.cols()));
      for (Index f = 0; f < features(); ++f)
        q_.mean()(f, k) += 0.1 * std::sqrt(noise_variance_) * stream.normal();
    }
    q_.variance().setConstant(noise_variance_);
    update_block(0);
  }

  /// m / v, then -1 / (2 v), of every component.
  Index natural_dimension() const override { return dimension() + components(); }
  void natural_parameters(VectorOut lambda) const override {
    for (Index k = 0; k < components(); ++k) {
      lambda.segment(k * features(), features()) = q_.mean().col(k) / q_.variance()[k];
      lambda[dimension() + k] = -0.5 / q_.variance()[k];
    }
  }
  void set_natural_parameters(Vector lambda) override {
    for (Index k = 0; k < components(); ++k) {
      q_.variance()[k] = -0.5 / lambda[dimension() + k];
      q_.mean().col(k) = q_.variance()[k] * lambda.segment(k * features(), features());
    }
  }
  void estimate_natural_parameters(std::span<const Index> items, VectorOut lambda_hat) override {
    const double scale = double(x_.cols()) / (double(items.size()) * noise_variance_);
    lambda_hat.head(dimension()).setZero();
    lambda_hat.tail(components()).setConstant(-0.5 / prior_variance_);
    if (Index(items.size()) == x_.cols()) {
      assign_all();
    } else {
      for (const Index i : items) assign(i);
      stale_ = true;
    }
    for (const Index i : items)
      for (Index k = 0; k < components(); ++k) {
        lambda_hat.segment(k * features(), features()) += scale * shares_(i, k) * x_.col(i);
        lambda_hat[dimension() + k] -= 0.5 * scale * shares_(i, k);
      }
  }
  Family& approximation() override { return q_; }

 private:
  /// @param[out] truth  [P K] the means that items were generated from with setup.from_prior
  static MatrixXd items(const ModelSetup& setup, VectorXd& truth) {
    const Options& o = setup.options;
    Index features = o.integer("features"), count = o.integer("items");
    if (o.has("data")) {
      const MatrixXd& values = o.table("data").values;
      if (values.size() == 0 || !values.allFinite())
        throw OptionError("data must be finite numbers, at least one row of them");
      if (!setup.from_prior) return values.transpose();
      features = values.cols(), count = values.rows();
    }
    RandomStream stream = setup.data_stream;
    MatrixXd means(features, o.integer("components"));
    stream.fill_normal(means);
    means *= o.real("prior_sd");
    if (setup.from_prior) truth = means.reshaped();
    MatrixXd x(features, count);
    for (Index i = 0; i < x.cols(); ++i) {
      x.col(i) = means.col(stream.integer(means.cols()));
      for (Index f = 0; f < x.rows(); ++f) x(f, i) += o.real("noise_sd") * stream.normal();
    }
    return x;
  }

  Index features() const { return x_.rows(); }
  Index components() const { return shares_.cols(); }

  /// Sets q(c_i) to its optimum given q(mu): log shares (m_k . x_i - (|m_k|^2 + P v_k) / 2) /
  /// sigma^2.
  void assign(Index item) {
    for (Index k = 0; k < components(); ++k)
      log_share_[k] = q_.mean().col(k).dot(x_.col(item)) / noise_variance_ - offset(k);
    log_share_.array() = (log_share_.array() - log_share_.maxCoeff()).exp();
    shares_.row(item) = log_share_.transpose() / log_share_.sum();
  }
  double offset(Index k) {
    return 0.5 * (q_.mean().col(k).squaredNorm() + double(features()) * q_.variance()[k]) /
           noise_variance_;
  }

  /// The same for all items, tile by tile so that exponentials are worked on side by side, with the
  /// summary of the shares on the way. log share = log weight - log of the weights' sum, so that
  /// the entropy needs one logarithm per item.
  void assign_all() {
    stale_ = false;
    counts_.setZero();
    squares_.setZero();
    sums_.setZero();
    entropy_ = 0;
    for (Index first = 0; first < x_.cols(); first += tile_items) {
      const Index n = std::min(tile_items, x_.cols() - first);
      auto tile = tile_.topRows(n);
      auto largest = largest_.head(n);
      for (Index k = 0; k < components(); ++k) {
        tile.col(k).setConstant(-offset(k));
        for (Index f = 0; f < features(); ++f)
          tile.col(k) += (q_.mean()(f, k) / noise_variance_) * by_item_.col(f).segment(first, n);
        if (k == 0)
          largest = tile.col(0);
        else
          largest = largest.cwiseMax(tile.col(k));
      }
      for (Index k = 0; k < components(); ++k) {
        tile.col(k) -= largest;
        auto share = shares_.col(k).segment(first, n);
        share = tile.col(k).array().exp();
      }
      // 1 / sum of the weights, in place of the largest.
      largest = shares_.col(0).segment(first, n);
      for (Index k = 1; k < components(); ++k) largest += shares_.col(k).segment(first, n);
      entropy_ += largest.array().log().sum();
      largest = largest.cwiseInverse();
      for (Index k = 0; k < components(); ++k) {
        auto share = shares_.col(k).segment(first, n);
        share.array() *= largest.array();
        entropy_ -= share.dot(tile.col(k));
        counts_[k] += share.sum();
        squares_[k] += share.dot(norms_.segment(first, n));
        for (Index f = 0; f < features(); ++f)
          sums_(f, k) += share.dot(by_item_.col(f).segment(first, n));
      }
    }
  }

  /// What the ELBO and the means' updates need of the shares.
  void summarize() {
    stale_ = false;
    entropy_ = 0;
    for (Index k = 0; k < components(); ++k) {
      counts_[k] = shares_.col(k).sum();
      squares_[k] = shares_.col(k).dot(norms_);
      for (Index f = 0; f < features(); ++f) sums_(f, k) = shares_.col(k).dot(by_item_.col(f));
      for (const double share : shares_.col(k))
        if (share > 0) entropy_ -= share * std::log(share);
    }
  }

  static constexpr Index tile_items = 512;

  double prior_variance_, noise_variance_;
  VectorXd truth_;           ///< [P K]  with items from the prior
  MatrixXd x_, by_item_;     ///< [P x N], [N x P]
  VectorXd norms_;           ///< [N]  |x_i|^2
  MatrixXd shares_;          ///< [N x K]  q(c_i = k)
  VectorXd log_share_;       ///< [K]
  MatrixXd tile_;            ///< [tile x K]
  VectorXd largest_;         ///< [tile]
  VectorXd counts_;          ///< [K]  sum over items of their shares
  VectorXd squares_;         ///< [K]  ... times |x_i|^2
  MatrixXd sums_;            ///< [P x K]  ... times x_i
  bool stale_ = false;       ///< whether these summaries are of earlier shares
  double entropy_ = 0;       ///< of all q(c_i)
  std::vector<Index> used_;  ///< the density's minibatch
  mutable MeansFamily q_;    ///< views of its numbers are not const
};

}  // namespace

ELBOW_PLUGIN(BayesianGaussianMixture, options,
             {.name = "bayesian_gaussian_mixture",
              .summary = "mixture of Gaussians of known width, with conjugate updates of its means",
              .source = "Blei, Kucukelbir & McAuliffe 2017, section 3",
              .provides = Ability::density | Ability::gradient | Ability::minibatch |
                          Ability::conjugate | Ability::prior_predictive})
