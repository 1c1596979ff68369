#include <algorithm>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::ArrayXd;
using Eigen::MatrixXd;

std::vector<Option> options() {
  return {
      integer("components", 5, "K, Gaussians with independent coordinates").at_least(1),
      real("initial_scale", 1.0, "standard deviation of every coordinate at the start").above(0),
      real("initial_spread", 0.8,
           "share of that standard deviation that lies between the components' random means; "
           "equal components would stay equal")
          .above(0)
          .below(1)};
}

/// q(z) = sum_k w_k prod_d N(z_d; m_kd, s_kd^2), with phi = (log weights up to a constant, m, log
/// s). A draw inverts one coordinate's distribution function after the other, given the
/// coordinates before it:
///
///     F_d(z_d) = sum_k p_k Phi((z_d - m_kd) / s_kd) = Phi(e_d), p_k = P(k | z_1 ... z_(d-1)),
///
/// a smooth map of D normal numbers, so that all parameters have pathwise gradients, the weights
/// too: dz_d/dphi = -(dF_d/dphi) / F_d'(z_d) by implicit differentiation. These are unbiased; but
/// a weight acts through draws between the components, and where hardly any are there (means ten
/// sds apart) its gradient is nearly always zero. There the score function's is the better one.
class GaussianMixture final : public Family, public Transport {
 public:
  explicit GaussianMixture(const FamilySetup& setup)
      : count_(setup.options.integer("components")),
        log_weights_(parameters_.add("log_weights", count_)),
        means_(parameters_.add("means", count_, setup.dimension)),
        log_sds_(parameters_.add("log_sds", count_, setup.dimension)),
        log_share_(count_),
        sds_(count_, setup.dimension),
        by_z_(setup.dimension) {
    for (ArrayXd* each : {&p_, &tail_, &x_, &after_, &by_log_p_}) each->setZero(count_);
    const double scale = setup.options.real("initial_scale");
    const double spread = count_ > 1 ? setup.options.real("initial_spread") : 0;
    parameters_.matrix(log_sds_).setConstant(std::log(scale) + 0.5 * std::log1p(-spread * spread));
    if (count_ == 1) return;
    RandomStream stream = setup.init_stream;
    auto means = parameters_.matrix(means_);
    stream.fill_normal(means);
    means.rowwise() -= means.colwise().mean().eval();
    means.colwise().normalize();
    means *= scale * spread * std::sqrt(double(count_));
  }

  Index dimension() const override { return means_.cols; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    prepare();
    if (drawn_.cols() < noise.cols()) {
      drawn_.resize(dimension(), noise.cols());
      noise_ = drawn_;
      log_joint_.resize(count_ * (dimension() + 1), noise.cols());
    }
    for (Index s = 0; s < noise.cols(); ++s) {
      log_joint(s, 0) = log_share_;
      for (Index d = 0; d < dimension(); ++d) {
        const auto before = log_joint(s, d);
        p_ = (before - log_sum_exp(before.matrix())).exp();
        const double at = quantile(d, noise(d, s));
        log_joint(s, d + 1) = before;
        add_log_normal(at, d, log_joint(s, d + 1));
        drawn_(d, s) = at;
      }
      noise_.col(s) = noise.col(s);
      z.col(s) = drawn_.col(s);
      if (log_q.size() > 0) log_q[s] = log_sum_exp(log_joint(s, dimension()).matrix());
    }
  }

  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    for (Index s = 0; s < g_z.cols(); ++s)
      go_back(s, g_z.col(s), g_log_q.size() > 0 ? g_log_q[s] : 0, phi, unwanted_vector());
  }

  void log_prob(Draws z, VectorOut log_q) override {
    prepare();
    if (scored_.cols() < z.cols()) {
      scored_.resize(dimension(), z.cols());
      shares_.resize(count_, z.cols());
    }
    for (Index s = 0; s < z.cols(); ++s) {
      scored_.col(s) = z.col(s);
      auto share = shares_.col(s);
      share = log_share_;
      for (Index d = 0; d < dimension(); ++d) add_log_normal(z(d, s), d, share.array());
      log_q[s] = log_sum_exp(share);
      share = (share.array() - log_q[s]).exp();
    }
  }

  // With r_k = P(k | z): dlog q/dlog w_k = r_k - w_k, and r_k times each component's own.
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s) {
      const auto share = shares_.col(s).array();
      for (Index d = 0; d < dimension(); ++d) {
        standardize(scored_(d, s), d);
        after_ = w[s] * share * x_ / sds_.col(d).array();
        if (g_z.size() > 0) g_z(d, s) = -after_.sum();
        if (!phi) continue;
        phi.matrix(means_).col(d).array() += after_;
        phi.matrix(log_sds_).col(d).array() += w[s] * share * (x_.square() - 1);
      }
      if (phi) phi.vector(log_weights_).array() += w[s] * (share - log_share_.exp());
    }
  }

  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override { sample(e, z, log_q); }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    for (Index s = 0; s < g_z.cols(); ++s) go_back(s, g_z.col(s), g_log_q[s], {}, g_e.col(s));
  }

 private:
  void prepare() {
    const auto log_weights = parameters_.vector(log_weights_);
    log_share_ = log_weights.array() - log_sum_exp(log_weights);
    sds_ = parameters_.matrix(log_sds_).array().exp();
  }

  /// log (w_k prod_(j < d) N(z_j; m_kj, s_kj^2)) of drawn column s. [K]
  Eigen::Map<ArrayXd> log_joint(Index s, Index d) {
    return {log_joint_.col(s).data() + count_ * d, count_};
  }

  /// x_ becomes (z - m_kd) / s_kd. [K]
  void standardize(double z, Index d) {
    x_ = (z - parameters_.matrix(means_).col(d).array()) / sds_.col(d).array();
  }

  template <class Column>
  void add_log_normal(double z, Index d, Column to) {
    standardize(z, d);
    to -= 0.5 * x_.square() + parameters_.matrix(log_sds_).col(d).array() + 0.5 * log_2pi;
  }

  /// tail_ becomes Phi(side x_k), the mass of every component beyond x_ on that side. @return that
  /// of the mixture with weights p_
  double tails(double side) {
    for (Index k = 0; k < count_; ++k) tail_[k] = normal_cdf(side * x_[k]);
    return p_.matrix().dot(tail_.matrix());
  }

  /// The tail that is compared: the smaller one, for which the arithmetic has digits.
  static double side(double e) { return e > 0 ? -1 : 1; }

  /// z with F_d(z) = Phi(e) under the weights p_: by Newton's method on the logarithm of the
  /// smaller tail, in a bracket of the components' own quantiles that a bisection shrinks where it
  /// leaves it.
  double quantile(Index d, double e) {
    after_ = parameters_.matrix(means_).col(d).array() + e * sds_.col(d).array();
    double low = after_.minCoeff(), high = after_.maxCoeff();
    double z = std::clamp(p_.matrix().dot(after_.matrix()), low, high);
    const double target = std::log(normal_cdf(side(e) * e)), width = high - low;
    for (int i = 1; low < high; ++i) {
      standardize(z, d);
      const double mass = tails(side(e)), excess = side(e) * (std::log(mass) - target);
      after_ = (-0.5 * x_.square() - 0.5 * log_2pi).exp() / sds_.col(d).array();
      const double step = excess * mass / p_.matrix().dot(after_.matrix());
      const double rounding = 4e-16 * (std::abs(z) + width);
      if (std::abs(step) <= rounding) break;
      (excess > 0 ? high : low) = z;
      const bool inside = z - step > low && z - step < high;
      z = inside && i % 10 > 0 ? z - step : 0.5 * (low + high);
      if (high - low <= rounding) break;
    }
    return z;
  }

  /// Reverse mode through the coordinates of drawn column s, from the last one.
  /// @param[out] g_e  [D]  or empty
  template <class Column>
  void go_back(Index s, const Column& g_z, double g_log_q, GradientOut phi, VectorOut g_e) {
    by_z_ = g_z;
    double log_after = log_sum_exp(log_joint(s, dimension()).matrix());
    by_log_p_ = g_log_q * (log_joint(s, dimension()) - log_after).exp();
    for (Index d = dimension() - 1; d >= 0; --d) {
      const auto before = log_joint(s, d);
      const double log_before = log_sum_exp(before.matrix());
      const auto sd = sds_.col(d).array();
      const double e = noise_(d, s);
      standardize(drawn_(d, s), d);
      // Of the sum of log densities behind: log N(z_d; m_kd, s_kd^2).
      by_z_[d] -= (by_log_p_ * x_ / sd).sum();
      if (phi) {
        phi.matrix(means_).col(d).array() += by_log_p_ * x_ / sd;
        phi.matrix(log_sds_).col(d).array() += by_log_p_ * (x_.square() - 1);
      }
      // Of z_d itself: F_d' = exp(log_after - log_before), to which component k adds its share.
      const double density = std::exp(log_after - log_before);
      if (g_e.size() > 0)
        g_e[d] = by_z_[d] * std::exp(-0.5 * e * e - 0.5 * log_2pi - log_after + log_before);
      if (phi) {
        after_ = by_z_[d] * (log_joint(s, d + 1) - log_after).exp();
        phi.matrix(means_).col(d).array() += after_;
        phi.matrix(log_sds_).col(d).array() += after_ * x_ * sd;
      }
      p_ = (before - log_before).exp();
      const double mass = tails(side(e));
      by_log_p_ -= by_z_[d] * side(e) / density * p_ * (tail_ - mass);
      log_after = log_before;
    }
    if (phi) phi.vector(log_weights_).array() += by_log_p_ - by_log_p_.sum() * log_share_.exp();
  }

  Parameters parameters_;
  Index count_;  ///< K
  BlockId<double> log_weights_, means_, log_sds_;
  ArrayXd log_share_;                   ///< [K]  log w, of the most recent call
  MatrixXd sds_;                        ///< [K x D]
  MatrixXd drawn_, noise_, log_joint_;  ///< [D x S], [D x S], [K (D + 1) x S] of the last sample
  MatrixXd scored_, shares_;            ///< [D x S], [K x S] of the last log_prob
  ArrayXd p_, tail_, x_, after_, by_log_p_;  ///< [K]
  Eigen::VectorXd by_z_;                     ///< [D]
};

}  // namespace

ELBOW_PLUGIN(GaussianMixture, options,
             {.name = "gaussian_mixture",
              .summary = "mixture of Gaussians with learnt weights and exact log density",
              .source = "Figurnov, Mohamed & Mnih 2018, section 4 (implicit gradients)",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::transport})
