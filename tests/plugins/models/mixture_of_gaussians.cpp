#include <elbow/elbow.hpp>
#include <numeric>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("items", 60, "observations").at_least(1),
          integer("components", 3, "unit-variance Gaussians").at_least(1),
          real("prior_sd", 5, "standard deviation of the components' means").above(0)};
}

/// q(mu) = prod_k N(mu_k; m_k, v_k), phi = (m, v), of which CAVI sets the numbers.
class Means final : public Family {
 public:
  explicit Means(Index components)
      : mean_(phi_.add("mean", components)), variance_(phi_.add("variance", components)) {}

  auto mean() { return phi_.vector(mean_); }
  auto variance() { return phi_.vector(variance_); }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return phi_; }
  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    for (Index s = 0; s < z.cols(); ++s)
      z.col(s) = mean().array() + variance().array().sqrt() * noise.col(s).array();
    if (log_q.size() > 0) log_prob(z, log_q);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    z_ = z;
    for (Index s = 0; s < z.cols(); ++s)
      log_q[s] = -0.5 * ((z.col(s) - mean()).array().square() / variance().array() +
                         variance().array().log() + log_2pi)
                            .sum();
  }
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < z_.cols(); ++s) {
      const auto score = (z_.col(s) - mean()).array() / variance().array();
      if (g_z.size() > 0) g_z.col(s) = -w[s] * score;
      if (!phi) continue;
      phi.vector(mean_).array() += w[s] * score;
      phi.vector(variance_).array() += 0.5 * w[s] * (score.square() - 1 / variance().array());
    }
  }

 private:
  Parameters phi_;
  BlockId<double> mean_, variance_;
  Eigen::MatrixXd z_;
};

/// mu_k ~ N(0, s^2), c_i uniform on K components, x_i ~ N(mu_{c_i}, 1). The density is that of mu
/// with the assignments summed out; the ELBO is that of q(mu) prod_i q(c_i).
class MixtureOfGaussians final : public Model, public Density, public Conjugate {
 public:
  explicit MixtureOfGaussians(const ModelSetup& setup)
      : prior_variance_(std::pow(setup.options.real("prior_sd"), 2)),
        x_(setup.options.integer("items")),
        assignment_(setup.options.integer("components"), x_.size()),
        q_(assignment_.rows()),
        log_p_(assignment_.rows()) {
    RandomStream stream = setup.data_stream;
    Eigen::VectorXd means(assignment_.rows());
    for (double& mean : means) mean = std::sqrt(prior_variance_) * stream.normal();
    for (double& x : x_) x = means[stream.integer(means.size())] + stream.normal();
    use_all();
    initialize(stream);
  }

  Density* density() override { return this; }
  Conjugate* conjugate() override { return this; }
  std::vector<DataArray> data() const override {
    return {{{"x", {x_.size()}, {"item"}, ""}, x_, true}};
  }

  Index dimension() const override { return assignment_.rows(); }
  std::vector<Variable> variables() const override {
    return {{"mean", {dimension()}, {"component"}, ""}};
  }
  void log_density(Draws z, VectorOut log_p) override { evaluate(z, log_p, nullptr); }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    evaluate(z, log_p, &gradient);
  }
  Index item_count() const override { return x_.size(); }
  void use_items(std::span<const Index> items) override {
    used_.assign(items.begin(), items.end());
    if (items.empty()) use_all();
  }

  // Block 0 is all assignments, block 1 + k the mean of component k.
  Index block_count() const override { return 1 + dimension(); }
  void update_block(Index b) override {
    if (b == 0) {
      for (Index i = 0; i < x_.size(); ++i) assign(i, assignment_.col(i));
      return;
    }
    const Index k = b - 1;
    const double precision = 1 / prior_variance_ + assignment_.row(k).sum();
    q_.mean()[k] = assignment_.row(k).dot(x_) / precision;
    q_.variance()[k] = 1 / precision;
  }
  double elbo() override {
    double sum = 0;
    for (Index k = 0; k < dimension(); ++k) {
      const double m = q_.mean()[k], v = q_.variance()[k];
      sum += -0.5 * (log_2pi + std::log(prior_variance_) + (m * m + v) / prior_variance_) +
             0.5 * (log_2pi + std::log(v) + 1);
      for (Index i = 0; i < x_.size(); ++i) {
        const double r = assignment_(k, i);
        if (r == 0) continue;
        sum += r * (-std::log(double(dimension())) - std::log(r) -
                    0.5 * (log_2pi + std::pow(x_[i] - m, 2) + v));
      }
    }
    return sum;
  }
  /// Means at random places of the prior: equal ones would never part.
  void initialize(RandomStream& stream) override {
    q_.variance().setOnes();
    for (Index k = 0; k < dimension(); ++k)
      q_.mean()[k] = std::sqrt(prior_variance_) * stream.normal();
    update_block(0);
  }

  /// m / v and -1 / (2 v) of every component, behind each other.
  Index natural_dimension() const override { return 2 * dimension(); }
  void natural_parameters(VectorOut lambda) const override {
    MixtureOfGaussians& self = const_cast<MixtureOfGaussians&>(*this);
    lambda.head(dimension()) = self.q_.mean().cwiseQuotient(self.q_.variance());
    lambda.tail(dimension()) = -0.5 * self.q_.variance().cwiseInverse();
  }
  void set_natural_parameters(Vector lambda) override {
    q_.variance() = -0.5 * lambda.tail(dimension()).cwiseInverse();
    q_.mean() = lambda.head(dimension()).cwiseProduct(q_.variance());
  }
  void estimate_natural_parameters(std::span<const Index> items, VectorOut lambda_hat) override {
    const double scale = double(x_.size()) / double(items.size());
    lambda_hat.head(dimension()).setZero();
    lambda_hat.tail(dimension()).setConstant(-0.5 / prior_variance_);
    for (const Index item : items) {
      assign(item, log_p_);
      lambda_hat.head(dimension()) += scale * x_[item] * log_p_;
      lambda_hat.tail(dimension()) -= 0.5 * scale * log_p_;
    }
  }
  Family& approximation() override { return q_; }

 private:
  /// The optimal q(c_i) given q(mu). @param[out] r  [K]
  void assign(Index item, VectorOut r) {
    r = q_.mean() * x_[item] - 0.5 * (q_.mean().cwiseAbs2() + q_.variance());
    r.array() -= r.maxCoeff();
    r = r.array().exp();
    r /= r.sum();
  }

  void use_all() {
    used_.resize(std::size_t(x_.size()));
    std::iota(used_.begin(), used_.end(), Index(0));
  }

  void evaluate(Draws z, VectorOut log_p, DrawsOut* gradient) {
    const double scale = double(x_.size()) / double(used_.size());
    for (Index s = 0; s < z.cols(); ++s) {
      double sum = -0.5 * (z.col(s).squaredNorm() / prior_variance_ +
                           double(dimension()) * (log_2pi + std::log(prior_variance_)));
      if (gradient) gradient->col(s) = -z.col(s) / prior_variance_;
      for (const Index i : used_) {
        log_p_ = -0.5 * (x_[i] - z.col(s).array()).square() - 0.5 * log_2pi;
        const double item = log_mean_exp(log_p_);
        sum += scale * item;
        // Far from every component the weights are 0 / 0; the item then pulls nowhere.
        if (gradient && item > -INFINITY)
          gradient->col(s).array() += scale / double(dimension()) * (log_p_.array() - item).exp() *
                                      (x_[i] - z.col(s).array());
      }
      log_p[s] = sum;
    }
  }

  double prior_variance_;
  Eigen::VectorXd x_;
  std::vector<Index> used_;     ///< the density's minibatch
  Eigen::MatrixXd assignment_;  ///< [K x N] q(c_i = k)
  Means q_;
  Eigen::VectorXd log_p_;  ///< [K] workspace
};

}  // namespace

ELBOW_PLUGIN(MixtureOfGaussians, options,
             {.name = "mixture_of_gaussians",
              .summary = "Bayesian mixture of unit-variance Gaussians with conjugate updates",
              .source = "Blei, Kucukelbir & McAuliffe 2017, section 3",
              .provides = Ability::density | Ability::gradient | Ability::minibatch |
                          Ability::conjugate})
