#include <algorithm>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {integer("layers", 8, "planar maps behind each other").at_least(1),
          real("initial_scale", 1.0,
               "standard deviation of every coordinate at the start; the "
               "flow begins as this Gaussian")
              .above(0)};
}

/// m(a) = softplus(a + log(e - 1)) - 1: above -1, and m(0) = 0, so that u = 0 is the identity.
constexpr double offset_of_zero = 0.54132485461291811;  // log(e - 1)
double above_minus_one(double a) { return softplus(a + offset_of_zero) - 1; }
double slope_above_minus_one(double a) { return sigmoid(a + offset_of_zero); }

/// z = m + s x_K with x_0 standard normal and x_k = x_(k-1) + u' tanh(w . x_(k-1) + b), whose
/// log-determinant is log(1 + (1 - tanh^2) w . u'). With a = w . u the direction u' =
/// u + (m(a) - a) w / |w|^2 has w . u' = m(a) > -1, which keeps every map invertible; its inverse
/// is the root of an increasing function of one number.
class Planar final : public Family, public Transport {
 public:
  explicit Planar(const FamilySetup& setup)
      : layers_(setup.options.integer("layers")),
        mean_(parameters_.add("mean", setup.dimension)),
        log_scale_(parameters_.add("log_scale", setup.dimension)),
        direction_(parameters_.add("direction", setup.dimension, layers_)),
        normal_(parameters_.add("normal", setup.dimension, layers_)),
        offset_(parameters_.add("offset", layers_)),
        scale_(setup.dimension),
        along_(setup.dimension, layers_),
        product_(layers_),
        g_along_(along_),
        g_product_(layers_),
        g_(setup.dimension),
        v_(setup.dimension) {
    parameters_.vector(log_scale_).setConstant(std::log(setup.options.real("initial_scale")));
    RandomStream stream = setup.init_stream;
    stream.fill_normal(parameters_.matrix(normal_));
    parameters_.matrix(normal_) /= std::sqrt(double(setup.dimension));
  }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    unpack();
    MatrixXd& x = room(sampled_, noise.cols());
    for (Index s = 0; s < noise.cols(); ++s) {
      double log_determinant = 0;
      at(x, s, 0) = noise.col(s);
      for (Index k = 0; k < layers_; ++k) {
        const double h = std::tanh(normal(k).dot(at(x, s, k)) + offset(k));
        at(x, s, k + 1) = at(x, s, k) + h * along_.col(k);
        log_determinant += std::log1p((1 - h * h) * product_[k]);
      }
      z.col(s) = mean() + scale_.cwiseProduct(at(x, s, layers_));
      if (log_q.size() > 0) log_q[s] = base(noise.col(s)) - log_determinant;
    }
  }

  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    begin_gradient();
    for (Index s = 0; s < g_z.cols(); ++s) {
      const double to_log_q = g_log_q.size() > 0 ? g_log_q[s] : 0;
      g_ = scale_.cwiseProduct(g_z.col(s));
      phi.vector(mean_) += g_z.col(s);
      phi.vector(log_scale_) += g_.cwiseProduct(at(sampled_, s, layers_));
      phi.vector(log_scale_).array() -= to_log_q;
      for (Index k = layers_ - 1; k >= 0; --k)
        g_ += add_layer(k, at(sampled_, s, k), g_, -to_log_q, phi) * normal(k);
    }
    finish_gradient(phi);
  }

  void log_prob(Draws z, VectorOut log_q) override {
    unpack();
    MatrixXd& x = room(scored_, z.cols());
    for (Index s = 0; s < z.cols(); ++s) {
      double log_determinant = 0;
      at(x, s, layers_) = (z.col(s) - mean()).cwiseQuotient(scale_);
      for (Index k = layers_ - 1; k >= 0; --k) {
        const double projected = normal(k).dot(at(x, s, k + 1));
        const double h = std::tanh(root(projected, product_[k], offset(k)));
        at(x, s, k) = at(x, s, k + 1) - h * along_.col(k);
        log_determinant += std::log1p((1 - h * h) * product_[k]);
      }
      log_q[s] = base(at(x, s, 0)) - log_determinant;
    }
  }

  // With l(x_0; phi) = log q(T(x_0; phi); phi): grad_z log q = J^-T grad l, and at fixed z
  // dlog q/dphi = dl/dphi - (dT/dphi)^T grad_z log q, layer by layer from the base.
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    begin_gradient();
    for (Index s = 0; s < w.size(); ++s) {
      g_ = -w[s] * at(scored_, s, 0);
      for (Index k = 0; k < layers_; ++k) {
        const double c = product_[k];
        const double h = std::tanh(normal(k).dot(at(scored_, s, k)) + offset(k));
        const double slope = 1 - h * h, determinant = 1 + slope * c;
        g_ += (w[s] * 2 * h * slope * c / determinant) * normal(k);
        g_ -= (slope * along_.col(k).dot(g_) / determinant) * normal(k);
        if (!phi) continue;
        v_ = -g_;
        add_layer(k, at(scored_, s, k), v_, -w[s], phi);
      }
      if (phi) {
        phi.vector(log_scale_) -= g_.cwiseProduct(at(scored_, s, layers_));
        phi.vector(log_scale_).array() -= w[s];
      }
      g_ = g_.cwiseQuotient(scale_);
      if (phi) phi.vector(mean_) -= g_;
      if (g_z.size() > 0) g_z.col(s) = g_;
    }
    if (phi) finish_gradient(phi);
  }

  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override { sample(e, z, log_q); }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    for (Index s = 0; s < g_z.cols(); ++s) {
      g_ = scale_.cwiseProduct(g_z.col(s));
      for (Index k = layers_ - 1; k >= 0; --k) {
        const Eigen::Map<VectorXd> x = at(sampled_, s, k);
        g_ += by_argument(k, std::tanh(normal(k).dot(x) + offset(k)), g_, -g_log_q[s]) * normal(k);
      }
      g_e.col(s) = g_ - g_log_q[s] * at(sampled_, s, 0);
    }
  }

 private:
  Parameters::Column<double> mean() { return parameters_.vector(mean_); }
  Eigen::Map<VectorXd> normal(Index k) {
    return {parameters_.f64().data() + normal_.offset + k * dimension(), dimension()};
  }
  double offset(Index k) { return parameters_.vector(offset_)[k]; }

  void unpack() {
    scale_ = parameters_.vector(log_scale_).array().exp();
    for (Index k = 0; k < layers_; ++k) {
      const auto u = parameters_.matrix(direction_).col(k);
      const double a = normal(k).dot(u);
      product_[k] = above_minus_one(a);
      along_.col(k) = u + (product_[k] - a) / normal(k).squaredNorm() * normal(k);
    }
    constant_ = parameters_.vector(log_scale_).sum() + 0.5 * double(dimension()) * log_2pi;
  }

  double base(Vector x) const { return -0.5 * x.squaredNorm() - constant_; }

  /// The root t of t + c tanh t = projected + b, c > -1: Newton's steps inside a shrinking bracket.
  static double root(double projected, double c, double b) {
    const double target = projected + b;
    if (!std::isfinite(target)) return target;
    double low = target - std::abs(c), high = target + std::abs(c), t = target;
    for (int i = 0; i < 100; ++i) {
      const double h = std::tanh(t), gap = t + c * h - target;
      (gap > 0 ? high : low) = t;
      double next = t - gap / (1 + c * (1 - h * h));
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      if (std::abs(next - t) <= 1e-16 * std::abs(next)) break;
      t = next;
    }
    return t;
  }

  /// The derivative of g_y . y + weight * log-determinant of layer k by w . x + b, whose hyperbolic
  /// tangent is h.
  double by_argument(Index k, double h, Vector g_y, double weight) const {
    const double slope = 1 - h * h, c = product_[k];
    return slope * (along_.col(k).dot(g_y) - 2 * h * c * weight / (1 + slope * c));
  }

  /// Adds the gradient of g_y . y + weight * log-determinant by layer k's parameters.
  /// @return its derivative by w . x + b
  double add_layer(Index k, Vector x, Vector g_y, double weight, GradientOut phi) {
    const double h = std::tanh(normal(k).dot(x) + offset(k)), slope = 1 - h * h;
    const double g_argument = by_argument(k, h, g_y, weight);
    g_product_[k] += slope * weight / (1 + slope * product_[k]);
    g_along_.col(k) += h * g_y;
    phi.vector(offset_)[k] += g_argument;
    phi.matrix(normal_).col(k) += g_argument * x;
    return g_argument;
  }

  void begin_gradient() {
    g_along_.setZero();
    g_product_.setZero();
  }
  /// Through u' and w . u' to u and w.
  void finish_gradient(GradientOut phi) {
    for (Index k = 0; k < layers_; ++k) {
      const auto u = parameters_.matrix(direction_).col(k);
      const double square = normal(k).squaredNorm(), a = normal(k).dot(u);
      const double share = (product_[k] - a) / square, slope = slope_above_minus_one(a);
      const double g_share = normal(k).dot(g_along_.col(k));
      const double g_a = slope * g_product_[k] + g_share * (slope - 1) / square;
      phi.matrix(direction_).col(k) += g_along_.col(k) + g_a * normal(k);
      phi.matrix(normal_).col(k) +=
          share * g_along_.col(k) + g_a * u - (2 * g_share * share / square) * normal(k);
    }
  }

  /// x_k of draw s: column s holds x_0 ... x_K behind each other.
  Eigen::Map<VectorXd> at(MatrixXd& x, Index s, Index k) const {
    return {x.data() + s * x.rows() + k * dimension(), dimension()};
  }
  /// The columns of `kept` only grow, so that calls of several sizes in turn do not allocate.
  MatrixXd& room(MatrixXd& kept, Index draws) const {
    if (kept.cols() < draws) kept.resize((layers_ + 1) * dimension(), draws);
    return kept;
  }

  Parameters parameters_;
  Index layers_;
  BlockId<double> mean_, log_scale_, direction_, normal_, offset_;
  VectorXd scale_;
  MatrixXd along_;             ///< [D x K]  u'
  VectorXd product_;           ///< [K]  w . u'
  MatrixXd g_along_;           ///< [D x K]
  VectorXd g_product_;         ///< [K]
  VectorXd g_, v_;             ///< [D]
  double constant_ = 0;        ///< minus the log density of the affine map's centre
  MatrixXd sampled_, scored_;  ///< [(K + 1) D x S]  of the most recent sample, and log_prob
};

}  // namespace

ELBOW_PLUGIN(Planar, options,
             {.name = "planar",
              .summary = "flow of planar maps, with a numerical inverse for its density anywhere",
              .source = "Rezende & Mohamed 2015, eq. 10-12 and appendix A.1",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::transport})
