#include <elbow/design_matrix.hpp>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::ArrayXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      table("data", optional, "the series, in the column y or the only one; by default generated"),
      real("sigma1", 0.5, "standard deviation of the first number around mu").above(0),
      integer("length", 200,
              "generated: T, with mu = 5, alpha0 = 1.5, alpha1 = 0.5 and beta1 = 0.3")
          .at_least(4),
  };
}

VectorXd series(const Options& o, RandomStream stream) {
  if (o.has("data")) return table_column(o.table("data"), "y");
  VectorXd y(o.integer("length"));
  double variance = o.real("sigma1") * o.real("sigma1");
  for (Index t = 0; t < y.size(); ++t) {
    const double residual = std::sqrt(variance) * stream.normal();
    y[t] = 5 + residual;
    variance = 1.5 + 0.5 * residual * residual + 0.3 * variance;
  }
  return y;
}

/// y_t ~ N(mu, h_t), h_1 = sigma1^2, h_t = alpha0 + alpha1 (y_(t-1) - mu)^2 + beta1 h_(t-1), under
/// priors of density 1 on mu, alpha0 > 0, alpha1 in (0, 1) and beta1 in (0, 1 - alpha1).
/// z = (mu, log alpha0, logit alpha1, logit(beta1 / (1 - alpha1))).
class Garch11 final : public Model, public Density {
 public:
  explicit Garch11(const ModelSetup& setup)
      : y_(series(setup.options, setup.data_stream)),
        first_variance_(std::pow(setup.options.real("sigma1"), 2)),
        residual_(y_.size()),
        variance_(y_.size()),
        pull_(y_.size()) {
    if (y_.size() < 4)
      throw OptionError("a series of at least 4 numbers is needed, got " +
                        std::to_string(y_.size()));
  }

  Density* density() override { return this; }
  std::vector<DataArray> data() const override { return {{{"y", {y_.size()}, {"time"}, ""}, y_}}; }

  Index dimension() const override { return 4; }
  std::vector<Variable> variables() const override {
    return {
        {"mu", {}, {}, ""}, {"alpha0", {}, {}, ""}, {"alpha1", {}, {}, ""}, {"beta1", {}, {}, ""}};
  }
  void constrain(Draws z, DrawsOut x) const override {
    for (Index s = 0; s < z.cols(); ++s)
      x.col(s) << z(0, s), std::exp(z(1, s)), sigmoid(z(2, s)),
          sigmoid(-z(2, s)) * sigmoid(z(3, s));
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }

  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    const Index length = y_.size(), last = length - 1;
    for (Index s = 0; s < z.cols(); ++s) {
      const double alpha0 = std::exp(z(1, s)), alpha1 = sigmoid(z(2, s));
      const double rest = sigmoid(-z(2, s)), share = sigmoid(z(3, s)), beta1 = rest * share;
      residual_ = y_.array() - z(0, s);
      // What does not depend on h first, so that the loop is one multiply-add per step.
      variance_[0] = first_variance_;
      variance_.tail(last) = alpha0 + alpha1 * residual_.head(last).square();
      for (Index t = 1; t < length; ++t) variance_[t] += beta1 * variance_[t - 1];
      pull_ = variance_.inverse();
      // Jacobians: alpha0, alpha1 (1 - alpha1), and (1 - alpha1) share (1 - share).
      log_p[s] = -0.5 * (double(length) * log_2pi + variance_.log().sum() +
                         (residual_.square() * pull_).sum()) +
                 z(1, s) - softplus(-z(2, s)) - 2 * softplus(z(2, s)) - softplus(z(3, s)) -
                 softplus(-z(3, s));
      if (gradient.size() == 0) continue;
      const double slope_mu = (residual_ * pull_).sum();
      // d log p / d h_t, directly, and then through the later h as well.
      pull_ = 0.5 * pull_ * (residual_.square() * pull_ - 1);
      for (Index t = last; t > 1; --t) pull_[t - 1] += beta1 * pull_[t];
      const auto later = pull_.tail(last);
      const auto earlier = residual_.head(last);
      const double slope_alpha1 = (later * earlier.square()).sum();
      const double slope_beta1 = (later * variance_.head(last)).sum();
      gradient(0, s) = slope_mu - 2 * alpha1 * (later * earlier).sum();
      gradient(1, s) = alpha0 * later.sum() + 1;
      gradient(2, s) = alpha1 * rest * (slope_alpha1 - share * slope_beta1) + rest - 2 * alpha1;
      gradient(3, s) = beta1 * sigmoid(-z(3, s)) * slope_beta1 + 1 - 2 * share;
    }
    mark_outside_support(z, log_p, gradient);
  }

 private:
  VectorXd y_;
  double first_variance_;
  ArrayXd residual_, variance_, pull_;  ///< [T]  of one draw; pull: d log p / d h
};

}  // namespace

ELBOW_PLUGIN(Garch11, options,
             {.name = "garch11",
              .summary = "GARCH(1, 1): a series whose variance follows its own past",
              .source = "Bollerslev 1986; posteriordb's model garch11",
              .provides = Ability::density | Ability::gradient})
