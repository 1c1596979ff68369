#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      choice("parameterization", {"noncentered", "centered"},
             "coordinates mu, log tau and theta_trans = (theta - mu) / tau, or theta itself"),
      reals("y", {28, 8, -3, 7, -1, 1, 18, 12}, "estimated effect of coaching in each school")
          .unit("points"),
      reals("sigma", {15, 10, 16, 11, 9, 11, 10, 18}, "standard errors of y")
          .above(0)
          .unit("points"),
      real("mu_scale", 5.0, "standard deviation of mu's normal prior").above(0).unit("points"),
      real("tau_scale", 5.0, "scale of tau's half-Cauchy prior").above(0).unit("points"),
  };
}

/// y_j ~ N(theta_j, sigma_j^2), theta_j ~ N(mu, tau^2), mu ~ N(0, mu_scale^2),
/// tau ~ half-Cauchy(tau_scale). z = (mu, log tau, theta_trans or theta).
class EightSchools final : public Model, public Density, public Reference {
 public:
  explicit EightSchools(const ModelSetup& setup)
      : centered_(setup.options.text("parameterization") == "centered"),
        y_(setup.options.reals("y")),
        sigma_(setup.options.reals("sigma")),
        schools_(y_.size()),
        mu_scale_(setup.options.real("mu_scale")),
        tau_scale_(setup.options.real("tau_scale")) {
    if (sigma_.size() != schools_ || schools_ == 0)
      throw OptionError("y and sigma must have one number per school, got " +
                        std::to_string(schools_) + " and " + std::to_string(sigma_.size()));
    if (setup.from_prior) draw_from_prior(setup.data_stream);
    constant_ = -double(schools_) * log_2pi - sigma_.array().log().sum() +
                log_normal(0, 0, mu_scale_) + std::log(2 / (pi * tau_scale_));
  }

  Density* density() override { return this; }
  Reference* reference() override { return this; }
  Eigen::VectorXd truth() const override { return truth_; }
  std::vector<DataArray> data() const override {
    return {{{"y", {schools_}, {"school"}, "points"}, y_, true},
            {{"sigma", {schools_}, {"school"}, "points"}, sigma_, false}};
  }
  std::vector<Coordinate> coordinates() const override {
    Coordinate school{"school",
                      {"Choate", "Deerfield", "Phillips Andover", "Phillips Exeter", "Hotchkiss",
                       "Lawrenceville", "St. Paul's", "Mt. Hermon"}};
    if (schools_ != 8) {
      school.labels.clear();
      for (Index j = 1; j <= schools_; ++j) school.labels.push_back(std::to_string(j));
    }
    return {school};
  }

  Index dimension() const override { return schools_ + 2; }
  std::vector<Variable> variables() const override {
    std::vector<Variable> all = {{"mu", {}, {}, "points"},
                                 {"tau", {}, {}, "points"},
                                 {"theta", {schools_}, {"school"}, "points"}};
    if (!centered_) all.push_back({"theta_trans", {schools_}, {"school"}, ""});
    return all;
  }
  void constrain(Draws z, DrawsOut x) const override {
    x.row(0) = z.row(0);
    x.row(1) = z.row(1).array().exp();
    const auto last = z.bottomRows(schools_);
    if (centered_) {
      x.bottomRows(schools_) = last;
      return;
    }
    for (Index s = 0; s < z.cols(); ++s)
      x.col(s).segment(2, schools_) = (x(1, s) * last.col(s)).array() + x(0, s);
    x.bottomRows(schools_) = last;
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }

  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double mu = z(0, s);
      const double log_tau = z(1, s);
      const double tau = std::exp(log_tau);
      const double mu_white = mu / mu_scale_;
      // The half-Cauchy of tau with the Jacobian of log tau.
      const double log_ratio_squared = 2 * (log_tau - std::log(tau_scale_));
      const double log_tau_prior = log_tau - softplus(log_ratio_squared);
      const double log_tau_slope = 1 - 2 * sigmoid(log_ratio_squared);
      const auto last = z.col(s).tail(schools_).array();
      double squares = 0, slope_mu = 0, slope_log_tau = 0;
      for (Index j = 0; j < schools_; ++j) {
        const double theta_trans = centered_ ? (last[j] - mu) / tau : last[j];
        const double theta = centered_ ? last[j] : mu + tau * last[j];
        const double residual = (y_[j] - theta) / sigma_[j];
        const double slope_theta = residual / sigma_[j];
        squares += theta_trans * theta_trans + residual * residual;
        if (gradient.size() == 0) continue;
        if (centered_) {
          gradient(2 + j, s) = slope_theta - theta_trans / tau;
          slope_mu += theta_trans / tau;
          slope_log_tau += theta_trans * theta_trans - 1;
        } else {
          gradient(2 + j, s) = tau * slope_theta - theta_trans;
          slope_mu += slope_theta;
          slope_log_tau += tau * theta_trans * slope_theta;
        }
      }
      const double jacobian = centered_ ? -double(schools_) * log_tau : 0;
      log_p[s] = constant_ + log_tau_prior + jacobian - 0.5 * (mu_white * mu_white + squares);
      if (gradient.size() == 0) continue;
      gradient(0, s) = slope_mu - mu_white / mu_scale_;
      gradient(1, s) = slope_log_tau + log_tau_slope;
    }
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{quadrature().evidence}; }
  std::optional<Moments> moments() const override { return quadrature().moments; }

  bool has_exact_sampler() const override { return quadrature().acceptance > 1e-3; }
  /// tau by rejection: proposals from its prior, accepted with p(y | tau) over its maximum. Then mu
  /// given tau, and theta given both, which are normal.
  void sample(RandomStream& stream, DrawsOut z) const override {
    if (!has_exact_sampler()) return Reference::sample(stream, z);
    const double ceiling = quadrature().log_likelihood_ceiling;
    for (Index s = 0; s < z.cols(); ++s) {
      double tau;
      Given given;
      do {
        tau = tau_scale_ * std::tan(0.5 * pi * stream.uniform());
        given = given_tau(tau);
      } while (std::log(stream.uniform()) > given.log_likelihood - ceiling);
      const double mu = given.mean + given.sd * stream.normal();
      z(0, s) = mu;
      z(1, s) = std::log(tau);
      for (Index j = 0; j < schools_; ++j) {
        const double variance = sigma_[j] * sigma_[j] + tau * tau;
        const double theta_trans =
            tau * (y_[j] - mu) / variance + sigma_[j] / std::sqrt(variance) * stream.normal();
        z(2 + j, s) = centered_ ? mu + tau * theta_trans : theta_trans;
      }
    }
  }

 private:
  void draw_from_prior(RandomStream stream) {
    Eigen::VectorXd z(dimension());
    z[0] = mu_scale_ * stream.normal();
    z[1] = std::log(tau_scale_ * std::tan(0.5 * pi * stream.uniform()));
    for (Index j = 0; j < schools_; ++j) {
      const double theta_trans = stream.normal(), theta = z[0] + std::exp(z[1]) * theta_trans;
      z[2 + j] = centered_ ? theta : theta_trans;
      y_[j] = theta + sigma_[j] * stream.normal();
    }
    truth_.resize(2 + (centered_ ? 1 : 2) * schools_);
    constrain(z, truth_);
  }

  /// log p(y | tau), and mu | tau, y ~ N(mean, sd^2). Both theta and mu are integrated out.
  struct Given {
    double log_likelihood, mean, sd;
  };
  Given given_tau(double tau) const {
    const Eigen::ArrayXd variance = sigma_.array().square() + tau * tau;
    const double precision = 1 / (mu_scale_ * mu_scale_) + variance.inverse().sum();
    const double mean = (y_.array() / variance).sum() / precision;
    const double squares =
        ((y_.array() - mean).square() / variance).sum() + mean * mean / (mu_scale_ * mu_scale_);
    const double log_likelihood = -0.5 * (double(schools_) * log_2pi + variance.log().sum() +
                                          squares + std::log(precision * mu_scale_ * mu_scale_));
    return {log_likelihood, mean, std::sqrt(1 / precision)};
  }

  struct Quadrature {
    double evidence, log_likelihood_ceiling, acceptance;
    Moments moments;
  };

  /// The posterior by the trapezoidal rule over log tau, all else in closed form. The integrand is
  /// analytic within pi/2 of the real line and falls exponentially on both sides, so that the rule
  /// with this spacing is exact to rounding.
  const Quadrature& quadrature() const {
    if (quadrature_) return *quadrature_;
    constexpr double spacing = 0.03, reach = 45;
    const Index nodes = Index(2 * reach / spacing) + 1;
    const Index size = 2 + (centered_ ? 1 : 2) * schools_;
    Eigen::VectorXd log_weight(nodes), log_likelihood(nodes);
    Eigen::MatrixXd means(size, nodes), variances(size, nodes);
    for (Index i = 0; i < nodes; ++i) {
      const double log_tau = std::log(tau_scale_) - reach + spacing * double(i);
      const double tau = std::exp(log_tau);
      const Given given = given_tau(tau);
      log_likelihood[i] = given.log_likelihood;
      log_weight[i] = std::log(2 * spacing / (pi * tau_scale_)) + log_tau -
                      softplus(2 * (log_tau - std::log(tau_scale_))) + given.log_likelihood;
      means.col(i).head(2) << given.mean, tau;
      variances.col(i).head(2) << given.sd * given.sd, 0;
      const Eigen::ArrayXd noise = sigma_.array().square();
      const Eigen::ArrayXd total = noise + tau * tau;
      const Eigen::ArrayXd gap = y_.array() - given.mean;
      const double mu_variance = given.sd * given.sd;
      means.col(i).segment(2, schools_) = given.mean + tau * tau / total * gap;
      variances.col(i).segment(2, schools_) =
          noise * tau * tau / total + (noise / total).square() * mu_variance;
      if (centered_) continue;
      means.col(i).tail(schools_) = tau / total * gap;
      variances.col(i).tail(schools_) = noise / total + (tau / total).square() * mu_variance;
    }
    Quadrature q;
    q.evidence = log_sum_exp(log_weight);
    // The likelihood is smooth on the scale of the grid: its maximum is at most this much higher.
    q.log_likelihood_ceiling = log_likelihood.maxCoeff() + 0.01;
    q.acceptance = std::exp(q.evidence - q.log_likelihood_ceiling);
    const Eigen::VectorXd weight = (log_weight.array() - q.evidence).exp();
    q.moments.mean = means * weight;
    q.moments.sd =
        ((variances + (means.colwise() - q.moments.mean).cwiseAbs2()) * weight).cwiseSqrt();
    // With one school the tail of tau falls like 1 / tau^3: it has a mean and no variance.
    if (schools_ == 1) q.moments.sd[1] = INFINITY;
    q.moments.mean_standard_error = q.moments.sd_standard_error = Eigen::VectorXd::Zero(size);
    return quadrature_.emplace(std::move(q));
  }

  bool centered_;
  Eigen::VectorXd y_, sigma_;
  Eigen::VectorXd truth_;  ///< [C] where y is from the prior
  Index schools_;
  double mu_scale_, tau_scale_;
  double constant_;  ///< everything that does not depend on z
  mutable std::optional<Quadrature> quadrature_;
};

}  // namespace

ELBOW_PLUGIN(EightSchools, options,
             {.name = "eight_schools",
              .summary = "Coaching for a test in eight schools: a hierarchy that funnels",
              .source = "Rubin 1981; Gelman et al., Bayesian Data Analysis, section 5.5",
              .provides = Ability::density | Ability::gradient | Ability::reference |
                          Ability::prior_predictive})
