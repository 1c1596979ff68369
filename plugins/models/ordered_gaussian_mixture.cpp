#include <elbow/design_matrix.hpp>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::ArrayXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      table("data", optional, "the items, in the column y or the only one; by default generated"),
      real("mean_scale", 2, "standard deviation of the means a priori").above(0),
      real("sd_scale", 2, "scale of the half-normal prior of the components' sds").above(0),
      real("weight_count", 5, "a of the Beta(a, a) prior of theta").above(0),
      integer("items", 1000, "generated: N, 3/5 of N(-2.75, 1) and 2/5 of N(2.75, 1)").at_least(1),
  };
}

VectorXd sample_of(const Options& o, RandomStream stream) {
  if (o.has("data")) return table_column(o.table("data"), "y");
  VectorXd y(o.integer("items"));
  for (double& item : y) item = (stream.uniform() < 0.6 ? -2.75 : 2.75) + stream.normal();
  return y;
}

/// y_i ~ theta N(mu_1, sigma_1^2) + (1 - theta) N(mu_2, sigma_2^2) with mu_1 < mu_2, so that the
/// two labels cannot be exchanged. Priors: mu_k ~ N(0, mean_scale^2), ordered; sigma_k half-normal;
/// theta ~ Beta(a, a). z = (mu_1, log(mu_2 - mu_1), log sigma, logit theta).
class OrderedGaussianMixture final : public Model, public Density {
 public:
  explicit OrderedGaussianMixture(const ModelSetup& setup)
      : y_(sample_of(setup.options, setup.data_stream)),
        mean_scale_(setup.options.real("mean_scale")),
        sd_scale_(setup.options.real("sd_scale")),
        count_(setup.options.real("weight_count")) {
    use_items({});
    // Two ordered means of 2! orders, two half-normals.
    constant_ = std::log(2) - log_2pi - 2 * std::log(mean_scale_) + 2 * std::log(2) - log_2pi -
                2 * std::log(sd_scale_) + std::lgamma(2 * count_) - 2 * std::lgamma(count_);
  }

  Density* density() override { return this; }
  std::vector<DataArray> data() const override { return {{{"y", {y_.size()}, {"item"}, ""}, y_}}; }

  Index dimension() const override { return 5; }
  std::vector<Variable> variables() const override {
    return {
        {"mu", {2}, {"component"}, ""}, {"sigma", {2}, {"component"}, ""}, {"theta", {}, {}, ""}};
  }
  void constrain(Draws z, DrawsOut x) const override {
    for (Index s = 0; s < z.cols(); ++s)
      x.col(s) << z(0, s), z(0, s) + std::exp(z(1, s)), std::exp(z(2, s)), std::exp(z(3, s)),
          sigmoid(z(4, s));
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }

  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double gap = std::exp(z(1, s)), mu[2] = {z(0, s), z(0, s) + gap};
      const double precision[2] = {std::exp(-2 * z(2, s)), std::exp(-2 * z(3, s))};
      const double theta = sigmoid(z(4, s));
      const double log_share[2] = {-softplus(-z(4, s)) - z(2, s), -softplus(z(4, s)) - z(3, s)};
      const Sums sums = add_up(log_share, mu, precision, gradient.size() > 0);

      // theta ~ Beta(a, a) with the Jacobian theta (1 - theta): theta^a (1 - theta)^a.
      log_p[s] = constant_ + z(1, s) + z(2, s) + z(3, s) -
                 count_ * (softplus(z(4, s)) + softplus(-z(4, s))) +
                 weight_ * (sums.log_mixture - 0.5 * log_2pi * double(used_.size()));
      for (int k = 0; k < 2; ++k)
        log_p[s] -= 0.5 * (std::pow(mu[k] / mean_scale_, 2) +
                           std::exp(2 * z(2 + k, s)) / (sd_scale_ * sd_scale_));
      if (gradient.size() == 0) continue;
      double slope_mu[2];
      for (int k = 0; k < 2; ++k) {
        slope_mu[k] =
            weight_ * precision[k] * sums.deviation[k] - mu[k] / (mean_scale_ * mean_scale_);
        gradient(2 + k, s) = 1 - std::exp(2 * z(2 + k, s)) / (sd_scale_ * sd_scale_) +
                             weight_ * (precision[k] * sums.square[k] - sums.share[k]);
      }
      gradient(0, s) = slope_mu[0] + slope_mu[1];
      gradient(1, s) = 1 + gap * slope_mu[1];
      gradient(4, s) =
          count_ * (1 - 2 * theta) + weight_ * (sums.share[0] - theta * double(used_.size()));
    }
    mark_outside_support(z, log_p, gradient);
  }

  Index item_count() const override { return y_.size(); }
  void use_items(std::span<const Index> items) override {
    const Index count = items.empty() ? y_.size() : Index(items.size());
    if (used_.size() != count) used_.resize(count);
    if (items.empty()) used_ = y_.array();
    for (std::size_t b = 0; b < items.size(); ++b) used_[Index(b)] = y_[items[b]];
    weight_ = double(y_.size()) / double(count);
  }

 private:
  /// Over items, r_i being the share of component 1 in item i.
  struct Sums {
    double log_mixture = 0;        ///< without the constant of the normal density
    double share[2] = {0, 0};      ///< sum_i r_i, and of 1 - r_i
    double deviation[2] = {0, 0};  ///< the same weights times y_i - mu_k
    double square[2] = {0, 0};     ///< times (y_i - mu_k)^2
  };

  /// @param log_share  log of a component's weight over its standard deviation
  Sums add_up(const double (&log_share)[2], const double (&mu)[2], const double (&precision)[2],
              bool with_slopes) const {
    constexpr Index width = 64;
    using Tile = Eigen::Array<double, Eigen::Dynamic, 1, 0, width, 1>;
    Sums sums;
    Tile first, second, log_first, log_second, odds, small, share;
    for (Index i = 0; i < used_.size(); i += width) {
      const Index n = std::min(width, used_.size() - i);
      first = used_.segment(i, n) - mu[0];
      second = used_.segment(i, n) - mu[1];
      log_first = log_share[0] - 0.5 * precision[0] * first.square();
      log_second = log_share[1] - 0.5 * precision[1] * second.square();
      odds = log_first - log_second;
      small = (-odds.abs()).exp();
      // 1 + small lies in [1, 2]: the product of a tile neither overflows nor loses digits.
      sums.log_mixture += log_first.max(log_second).sum() + std::log((1 + small).prod());
      if (!with_slopes) continue;
      share = (odds >= 0.0).select(1.0, small) / (1 + small);
      sums.share[0] += share.sum();
      sums.deviation[0] += (share * first).sum();
      sums.square[0] += (share * first.square()).sum();
      share = (odds >= 0.0).select(small, 1.0) / (1 + small);
      sums.share[1] += share.sum();
      sums.deviation[1] += (share * second).sum();
      sums.square[1] += (share * second.square()).sum();
    }
    return sums;
  }

  VectorXd y_;
  double mean_scale_, sd_scale_, count_;
  double constant_;  ///< everything that does not depend on z
  ArrayXd used_;     ///< [B]  the minibatch, or all
  double weight_ = 1;
};

}  // namespace

ELBOW_PLUGIN(OrderedGaussianMixture, options,
             {.name = "ordered_gaussian_mixture",
              .summary = "two Gaussians in one dimension, their means in order",
              .source = "posteriordb's model low_dim_gauss_mix",
              .provides = Ability::density | Ability::gradient | Ability::minibatch})
