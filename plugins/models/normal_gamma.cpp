#include <elbow/elbow.hpp>
#include <numeric>

namespace {

using namespace elbow;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {table("data", optional, "one column of numbers; by default generated from the model"),
          integer("items", 50, "generated: N").at_least(1),
          real("prior_mean", 0.0, "m of mu | tau ~ N(m, 1 / (k tau))"),
          real("prior_items", 1.0, "k, the observations that the prior of mu is worth").above(0),
          real("prior_shape", 2.0, "a of tau ~ Gamma(a, b)").above(0),
          real("prior_rate", 2.0, "b").above(0)};
}

/// d/dx log Gamma(x), x > 0: recurrence up to 10, then the asymptotic series.
double digamma(double x) {
  double shift = 0;
  for (; x < 10; x += 1) shift -= 1 / x;
  const double y = 1 / (x * x);
  return shift + std::log(x) - 0.5 / x -
         y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y / 240)));
}

/// The distribution function of Gamma(a, 1): series below a + 1, continued fraction above
/// (Lentz 1976).
double gamma_cdf(double a, double x) {
  if (x <= 0) return 0;
  const double log_front = a * std::log(x) - x - std::lgamma(a);
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (double n = a + 1; term > 1e-17 * sum; n += 1) sum += term *= x / n;
    return std::exp(log_front) * sum;
  }
  double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
  for (int i = 1; i < 10000; ++i) {
    const double an = -double(i) * (double(i) - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return 1 - std::exp(log_front) * h;
}

/// log of the p-quantile of Gamma(a, 1): Newton's steps on the log scale, kept inside a bracket.
double log_gamma_quantile(double a, double p) {
  double low = -700, high = std::log(a + 40 * std::sqrt(a) + 800);
  double y = std::log(a) - 0.5 / a;
  for (int i = 0; i < 200; ++i) {
    const double gap = gamma_cdf(a, std::exp(y)) - p;
    (gap > 0 ? high : low) = y;
    const double slope = std::exp(a * y - std::exp(y) - std::lgamma(a));
    double next = y - gap / slope;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (std::abs(next - y) < 1e-14 * std::max(1.0, std::abs(y))) return next;
    y = next;
  }
  return y;
}

/// q(mu) q(tau) = N(mu; m, 1 / lambda) Gamma(tau; a, b) over z = (mu, log tau), phi = (m, lambda,
/// a, b).
class NormalTimesGamma final : public Family {
 public:
  NormalTimesGamma() : phi_(parameters_.add("mean_precision_shape_rate", 4)) { phi().setOnes(); }

  Parameters::Column<double> phi() { return parameters_.vector(phi_); }
  double m() { return phi()[0]; }
  double lambda() { return phi()[1]; }
  double a() { return phi()[2]; }
  double b() { return phi()[3]; }
  double mean_log_tau() { return digamma(a()) - std::log(b()); }
  double entropy() {
    return 0.5 * (1 + log_2pi - std::log(lambda())) + a() - std::log(b()) + std::lgamma(a()) +
           (1 - a()) * digamma(a());
  }

  Index dimension() const override { return 2; }
  NoiseShape noise() const override { return {1, 1}; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    for (Index s = 0; s < z.cols(); ++s) {
      z(0, s) = m() + noise(0, s) / std::sqrt(lambda());
      z(1, s) = log_gamma_quantile(a(), noise(1, s)) - std::log(b());
    }
    if (log_q.size() > 0) log_prob(z, log_q);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    scored_ = z;
    for (Index s = 0; s < z.cols(); ++s)
      log_q[s] = log_normal(z(0, s), m(), 1 / std::sqrt(lambda())) + a() * std::log(b()) -
                 std::lgamma(a()) + a() * z(1, s) - b() * std::exp(z(1, s));
  }
  void log_prob_pullback(Vector w, GradientOut out, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s) {
      const double off = scored_(0, s) - m(), tau = std::exp(scored_(1, s));
      if (g_z.size() > 0) g_z.col(s) = w[s] * Eigen::Vector2d(-lambda() * off, a() - b() * tau);
      if (!out) continue;
      out.vector(phi_)[0] += w[s] * lambda() * off;
      out.vector(phi_)[1] += 0.5 * w[s] * (1 / lambda() - off * off);
      out.vector(phi_)[2] += w[s] * (std::log(b()) - digamma(a()) + scored_(1, s));
      out.vector(phi_)[3] += w[s] * (a() / b() - tau);
    }
  }

 private:
  Parameters parameters_;
  BlockId<double> phi_;
  Eigen::MatrixXd scored_;  ///< [2 x S]  of the most recent log_prob
};

/// x_i ~ N(mu, 1 / tau), mu | tau ~ N(m, 1 / (k tau)), tau ~ Gamma(a, b): conjugate, with the
/// posterior of the same form and a closed evidence, while the mean field q(mu) q(tau) misses that
/// mu and tau are dependent. The density is of z = (mu, log tau).
class NormalGamma final : public Model, public Density, public Conjugate, public Reference {
 public:
  explicit NormalGamma(const ModelSetup& setup)
      : m0_(setup.options.real("prior_mean")),
        k0_(setup.options.real("prior_items")),
        a0_(setup.options.real("prior_shape")),
        b0_(setup.options.real("prior_rate")) {
    if (setup.options.has("data")) {
      const Eigen::MatrixXd& values = setup.options.table("data").values;
      if (values.cols() != 1 || values.rows() == 0 || !values.allFinite())
        throw OptionError("data must be one column of finite numbers, got " +
                          std::to_string(values.rows()) + " rows of " +
                          std::to_string(values.cols()));
      x_ = values.col(0);
    } else {
      RandomStream stream = setup.data_stream;
      const double log_tau = log_gamma_quantile(a0_, stream.uniform()) - std::log(b0_);
      const double sd = std::exp(-0.5 * log_tau);
      const double mu = m0_ + sd / std::sqrt(k0_) * stream.normal();
      x_.resize(setup.options.integer("items"));
      for (double& x : x_) x = mu + sd * stream.normal();
    }
    use_items({});
    const double n = double(x_.size()), mean = x_.mean();
    k_ = k0_ + n;
    m_ = (k0_ * m0_ + n * mean) / k_;
    a_ = a0_ + 0.5 * n;
    b_ = b0_ + 0.5 * (x_.array() - mean).square().sum() +
         0.5 * k0_ * n * (mean - m0_) * (mean - m0_) / k_;
  }

  Density* density() override { return this; }
  Conjugate* conjugate() override { return this; }
  Reference* reference() override { return this; }
  std::vector<DataArray> data() const override {
    return {{{"x", {x_.size()}, {"item"}, ""}, x_, true}};
  }

  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override {
    return {{"mu", {}, {}, ""}, {"tau", {}, {}, ""}};
  }
  void constrain(Draws z, DrawsOut x) const override {
    x.row(0) = z.row(0);
    x.row(1) = z.row(1).array().exp();
  }
  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    const double shape = a0_ + 0.5 * (weight_ + 1);
    const double constant = a0_ * std::log(b0_) - std::lgamma(a0_) + 0.5 * std::log(k0_) -
                            0.5 * (weight_ + 1) * log_2pi;
    for (Index s = 0; s < z.cols(); ++s) {
      const double mu = z(0, s), tau = std::exp(z(1, s));
      const double rate = b0_ + 0.5 * k0_ * (mu - m0_) * (mu - m0_) +
                          0.5 * (squares_ + weight_ * (mean_ - mu) * (mean_ - mu));
      log_p[s] = constant + shape * z(1, s) - tau * rate;
      if (gradient.size() == 0) continue;
      gradient(0, s) = -tau * (k0_ * (mu - m0_) + weight_ * (mu - mean_));
      gradient(1, s) = shape - tau * rate;
    }
    mark_outside_support(z, log_p, gradient);
  }

  Index item_count() const override { return x_.size(); }
  void use_items(std::span<const Index> items) override {
    weight_ = double(x_.size());
    double sum = 0, squares = 0;
    if (items.empty()) {
      mean_ = x_.mean();
      squares_ = (x_.array() - mean_).square().sum();
      return;
    }
    for (const Index i : items) sum += x_[i];
    mean_ = sum / double(items.size());
    for (const Index i : items) squares += (x_[i] - mean_) * (x_[i] - mean_);
    squares_ = squares * weight_ / double(items.size());
  }

  // Block 0 is q(mu), block 1 q(tau) (Bishop 2006, section 10.1.3, with the prior of mu scaled by
  // tau).
  Index block_count() const override { return 2; }
  void update_block(Index b) override {
    const double n = double(x_.size());
    if (b == 0) {
      q_.phi()[0] = (k0_ * m0_ + n * x_.mean()) / (k0_ + n);
      q_.phi()[1] = q_.a() / q_.b() * (k0_ + n);
    } else {
      q_.phi()[2] = a0_ + 0.5 * (n + 1);
      q_.phi()[3] = b0_ + 0.5 * expected_square();
    }
  }
  double elbo() override {
    const double n = double(x_.size()), tau = q_.a() / q_.b(), log_tau = q_.mean_log_tau();
    const double data_and_mu =
        0.5 * (n + 1) * (log_tau - log_2pi) + 0.5 * std::log(k0_) - 0.5 * tau * expected_square();
    // Over log tau, whose Jacobian is tau, on both sides of the ratio.
    const double prior = a0_ * std::log(b0_) - std::lgamma(a0_) + (a0_ - 1) * log_tau - b0_ * tau;
    return data_and_mu + prior + q_.entropy();
  }
  void initialize(RandomStream& stream) override {
    q_.phi() << m0_ + stream.normal(), 1 + stream.uniform(), 1 + stream.uniform(),
        1 + stream.uniform();
  }

  /// lambda m and -lambda / 2 of q(mu), a - 1 and -b of q(tau).
  Index natural_dimension() const override { return 4; }
  void natural_parameters(VectorOut lambda) const override {
    lambda << q_.lambda() * q_.m(), -0.5 * q_.lambda(), q_.a() - 1, -q_.b();
  }
  void set_natural_parameters(Vector lambda) override {
    q_.phi() << -0.5 * lambda[0] / lambda[1], -2 * lambda[1], lambda[2] + 1, -lambda[3];
  }
  void estimate_natural_parameters(std::span<const Index> items, VectorOut lambda_hat) override {
    const double n = double(x_.size()), tau = q_.a() / q_.b();
    double sum = 0, squares = 0;
    for (const Index i : items) {
      sum += x_[i];
      squares += (x_[i] - q_.m()) * (x_[i] - q_.m()) + 1 / q_.lambda();
    }
    const double scale = n / double(items.size()), off = q_.m() - m0_;
    lambda_hat << tau * (k0_ * m0_ + scale * sum), -0.5 * tau * (k0_ + n), a0_ + 0.5 * (n + 1) - 1,
        -(b0_ + 0.5 * (k0_ * (off * off + 1 / q_.lambda()) + scale * squares));
  }
  Family& approximation() override { return q_; }

  std::optional<Estimate> log_evidence() const override {
    return Estimate{std::lgamma(a_) - std::lgamma(a0_) + a0_ * std::log(b0_) - a_ * std::log(b_) +
                    0.5 * (std::log(k0_) - std::log(k_)) - 0.5 * double(x_.size()) * log_2pi};
  }
  std::optional<Moments> moments() const override {
    // mu is Student's t with 2 a degrees of freedom, whose variance needs a > 1.
    if (a_ <= 1) return {};
    return Moments{Eigen::Vector2d(m_, a_ / b_),
                   Eigen::Vector2d(std::sqrt(b_ / (k_ * (a_ - 1))), std::sqrt(a_) / b_),
                   Eigen::Vector2d::Zero(), Eigen::Vector2d::Zero()};
  }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    for (Index s = 0; s < z.cols(); ++s) {
      z(1, s) = log_gamma_quantile(a_, stream.uniform()) - std::log(b_);
      z(0, s) = m_ + stream.normal() * std::exp(-0.5 * z(1, s)) / std::sqrt(k_);
    }
  }

 private:
  /// E [k (mu - m)^2 + sum (x_i - mu)^2] under q(mu).
  double expected_square() {
    const double off = q_.m() - m0_, n = double(x_.size());
    return k0_ * off * off + (x_.array() - q_.m()).square().sum() + (k0_ + n) / q_.lambda();
  }

  double m0_, k0_, a0_, b0_;
  VectorXd x_;
  double weight_ = 0, mean_ = 0, squares_ = 0;  ///< of the density's items, as if they were N
  double m_ = 0, k_ = 0, a_ = 0, b_ = 0;        ///< of the posterior
  mutable NormalTimesGamma q_;                  ///< views of its numbers are not const
};

}  // namespace

ELBOW_PLUGIN(NormalGamma, options,
             {.name = "normal_gamma",
              .summary = "normal data of unknown mean and precision: conjugate, everything known",
              .source = "Bishop 2006, section 10.1.3",
              .provides = Ability::density | Ability::gradient | Ability::minibatch |
                          Ability::conjugate | Ability::reference})
