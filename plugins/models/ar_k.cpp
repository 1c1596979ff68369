#include <elbow/design_matrix.hpp>
#include <elbow/elbow.hpp>
#include <elbow/gaussian_regression.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      table("data", optional, "the series, in the column y or the only one; by default generated"),
      integer("lags", 5, "K").at_least(1),
      real("coefficient_scale", 10, "standard deviation of alpha and beta a priori").above(0),
      real("noise_scale", 2.5, "scale of sigma's half-Cauchy prior").above(0),
      integer("length", 200,
              "generated: T, of a stationary series with alpha = 0, sigma = 0.15; one whose alpha, "
              "beta and sigma are drawn from the prior ends sooner with its first number beyond "
              "1e4")
          .at_least(2),
  };
}

VectorXd series(const Options& o, RandomStream stream) {
  if (!o.has("data")) {
    // Partial autocorrelations in (-1, 1) make a stationary series (Durbin 1960).
    const Index lags = o.integer("lags"), burn_in = 200;
    VectorXd beta(lags);
    for (Index k = 0; k < lags; ++k) {
      const double partial = 1.2 * stream.uniform() - 0.6;
      const VectorXd earlier = beta.head(k);
      beta.head(k) -= partial * earlier.reverse();
      beta[k] = partial;
    }
    VectorXd y = VectorXd::Zero(burn_in + lags + o.integer("length"));
    for (Index t = lags; t < y.size(); ++t)
      y[t] = beta.dot(y.segment(t - lags, lags).reverse()) + 0.15 * stream.normal();
    return y.tail(o.integer("length"));
  }
  return table_column(o.table("data"), "y");
}

/// What follows the first K numbers of y where alpha, beta and sigma are these. Most series that
/// the prior draws grow without end; such a one stops with the first number that is large. When to
/// stop is told by the numbers seen so far alone, so that the posterior given them is the same as
/// if the length had been known before.
VectorXd continued(VectorXd y, const VectorXd& truth, RandomStream stream) {
  constexpr double large = 1e4;
  const Index lags = truth.size() - 2;
  for (Index t = lags; t < y.size(); ++t) {
    y[t] = truth[0] + truth.segment(1, lags).dot(y.segment(t - lags, lags).reverse()) +
           truth[lags + 1] * stream.normal();
    if (std::abs(y[t]) > large) return y.head(t + 1);
  }
  return y;
}

RegressionPrior prior(const Options& o) {
  return {o.real("coefficient_scale"), RegressionPrior::Noise::half_cauchy, o.real("noise_scale")};
}

/// y_t ~ N(alpha + sum_k beta_k y_(t-k), sigma^2) for t = K + 1 ... T, given the first K.
class AutoRegression final : public Model {
 public:
  explicit AutoRegression(const ModelSetup& setup)
      : y_(series(setup.options, setup.data_stream)),
        truth_(setup.from_prior ? draw_series(setup, y_) : VectorXd()),
        posterior_(posterior(setup.options, y_)) {}

  Density* density() override { return &posterior_; }
  Reference* reference() override { return &posterior_; }
  VectorXd truth() const override { return truth_; }
  std::vector<DataArray> data() const override { return {{{"y", {y_.size()}, {"time"}, ""}, y_}}; }

 private:
  static void require_items(Index lags, const VectorXd& y) {
    if (y.size() <= lags)
      throw OptionError("a series must be longer than lags = " + std::to_string(lags) + ", got " +
                        std::to_string(y.size()) + " numbers");
  }

  /// @return alpha, beta and sigma of the prior, which y then follows
  static VectorXd draw_series(const ModelSetup& setup, VectorXd& y) {
    const Index lags = setup.options.integer("lags");
    require_items(lags, y);
    RandomStream stream = setup.data_stream.substream(1);
    const VectorXd truth = prior(setup.options).draw(1 + lags, stream);
    y = continued(y, truth, setup.data_stream.substream(2));
    return truth;
  }

  static GaussianRegression posterior(const Options& o, const VectorXd& y) {
    const Index lags = o.integer("lags"), items = y.size() - lags;
    require_items(lags, y);
    MatrixXd x(items, 1 + lags);
    x.col(0).setOnes();
    for (Index k = 1; k <= lags; ++k) x.col(k) = y.segment(lags - k, items);
    return {x, y.tail(items), prior(o), {{"alpha", {}, {}, ""}, {"beta", {lags}, {"lag"}, ""}}};
  }

  VectorXd y_, truth_;
  GaussianRegression posterior_;
};

}  // namespace

ELBOW_PLUGIN(AutoRegression, options,
             {.name = "ar_k",
              .summary = "autoregression of order K, its noise unknown",
              .source = "posteriordb's model arK",
              .provides = Ability::density | Ability::gradient | Ability::reference |
                          Ability::prior_predictive})
