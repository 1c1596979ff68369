#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {integer("layers", 8, "radial maps behind each other").at_least(1),
          real("initial_scale", 1.0,
               "standard deviation of every coordinate at the start; the "
               "flow begins as this Gaussian")
              .above(0)};
}

constexpr double offset_of_zero = 0.54132485461291811;  // log(e - 1)

/// z = m + s x_K with x_0 standard normal and x_k = x_(k-1) + b d / (a + r), d = x_(k-1) - c, r =
/// |d|, a > 0, b = a (softplus(g + log(e - 1)) - 1) > -a: invertible in closed form, and the
/// identity at g = 0. The Jacobian is k I + (e - k) d d^T / r^2 with k = 1 + b / (a + r) and e =
/// 1 + a b / (a + r)^2, so that its determinant is k^(D - 1) e.
class Radial final : public Family, public Transport {
 public:
  explicit Radial(const FamilySetup& setup)
      : layers_(setup.options.integer("layers")),
        mean_(parameters_.add("mean", setup.dimension)),
        log_scale_(parameters_.add("log_scale", setup.dimension)),
        centre_(parameters_.add("centre", setup.dimension, layers_)),
        log_radius_(parameters_.add("log_radius", layers_)),
        strength_(parameters_.add("strength", layers_)),
        scale_(setup.dimension),
        g_(setup.dimension),
        d_(setup.dimension),
        minus_(setup.dimension) {
    parameters_.vector(log_scale_).setConstant(std::log(setup.options.real("initial_scale")));
    RandomStream stream = setup.init_stream;
    stream.fill_normal(parameters_.matrix(centre_));
  }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    prepare();
    MatrixXd& x = room(sampled_, noise.cols());
    for (Index s = 0; s < noise.cols(); ++s) {
      double log_determinant = 0;
      at(x, s, 0) = noise.col(s);
      for (Index k = 0; k < layers_; ++k) {
        const Map map = place(k, at(x, s, k));
        at(x, s, k + 1) = at(x, s, k) + map.b * map.h * d_;
        log_determinant += map.log_determinant(dimension());
      }
      z.col(s) = mean() + scale_.cwiseProduct(at(x, s, layers_));
      if (log_q.size() > 0) log_q[s] = base(noise.col(s)) - log_determinant;
    }
  }

  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    for (Index s = 0; s < g_z.cols(); ++s) {
      const double to_log_q = g_log_q.size() > 0 ? g_log_q[s] : 0;
      g_ = scale_.cwiseProduct(g_z.col(s));
      phi.vector(mean_) += g_z.col(s);
      phi.vector(log_scale_) += g_.cwiseProduct(at(sampled_, s, layers_));
      phi.vector(log_scale_).array() -= to_log_q;
      for (Index k = layers_ - 1; k >= 0; --k) add_layer(k, at(sampled_, s, k), -to_log_q, g_, phi);
    }
  }

  void log_prob(Draws z, VectorOut log_q) override {
    prepare();
    MatrixXd& x = room(scored_, z.cols());
    for (Index s = 0; s < z.cols(); ++s) {
      double log_determinant = 0;
      at(x, s, layers_) = (z.col(s) - mean()).cwiseQuotient(scale_);
      for (Index k = layers_ - 1; k >= 0; --k) {
        // r' = r (1 + b / (a + r)) is a quadratic equation for r, of which one root is positive.
        const auto [a, b] = shape(k);
        d_ = at(x, s, k + 1) - centre(k);
        const double outer = d_.norm(), half = 0.5 * (a + b - outer);
        const double root = std::sqrt(half * half + a * outer);
        const double inner = half > 0 ? a * outer / (half + root) : root - half;
        at(x, s, k) = centre(k) + (outer > 0 ? inner / outer : 0) * d_;
        log_determinant += place(k, at(x, s, k)).log_determinant(dimension());
      }
      log_q[s] = base(at(x, s, 0)) - log_determinant;
    }
  }

  // With l(x_0; phi) = log q(T(x_0; phi); phi): grad_z log q = J^-T grad l, and at fixed z
  // dlog q/dphi = dl/dphi - (dT/dphi)^T grad_z log q, layer by layer from the base.
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s) {
      g_ = -w[s] * at(scored_, s, 0);
      for (Index k = 0; k < layers_; ++k) {
        const Map map = place(k, at(scored_, s, k));
        g_ -= w[s] * map.log_determinant_by_r(dimension()) * map.inverse_r * d_;
        // (k I + (e - k) d d^T / r^2)^-1
        const double along = d_.dot(g_) * map.inverse_r * map.inverse_r;
        g_ = (g_ - (1 - map.k() / map.e()) * along * d_) / map.k();
        if (!phi) continue;
        minus_ = -g_;
        add_layer(k, at(scored_, s, k), -w[s], minus_, phi);
      }
      if (phi) {
        phi.vector(log_scale_) -= g_.cwiseProduct(at(scored_, s, layers_));
        phi.vector(log_scale_).array() -= w[s];
      }
      g_ = g_.cwiseQuotient(scale_);
      if (phi) phi.vector(mean_) -= g_;
      if (g_z.size() > 0) g_z.col(s) = g_;
    }
  }

  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override { sample(e, z, log_q); }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    for (Index s = 0; s < g_z.cols(); ++s) {
      g_ = scale_.cwiseProduct(g_z.col(s));
      for (Index k = layers_ - 1; k >= 0; --k) {
        const Map map = place(k, at(sampled_, s, k));  // and d_
        pull_to_input(map, d_.dot(g_), -g_log_q[s], g_);
      }
      g_e.col(s) = g_ - g_log_q[s] * at(sampled_, s, 0);
    }
  }

 private:
  /// A layer at one point, with h = 1 / (a + r).
  struct Map {
    double a, b, h, inverse_r;
    double k() const { return 1 + b * h; }
    double e() const { return 1 + a * b * h * h; }
    double log_determinant(Index dimension) const {
      return double(dimension - 1) * std::log1p(b * h) + std::log1p(a * b * h * h);
    }
    double log_determinant_by_r(Index dimension) const {
      return -b * h * h * (double(dimension - 1) / k() + 2 * a * h / e());
    }
    double log_determinant_by_a(Index dimension) const {
      return -b * h * h * (double(dimension - 1) / k() + (2 * a * h - 1) / e());
    }
    double log_determinant_by_b(Index dimension) const {
      return h * (double(dimension - 1) / k() + a * h / e());
    }
  };
  struct Shape {
    double a, b;
  };

  Shape shape(Index k) {
    const double a = std::exp(parameters_.vector(log_radius_)[k]);
    return {a, a * (softplus(parameters_.vector(strength_)[k] + offset_of_zero) - 1)};
  }
  /// Leaves x - c in d_.
  Map place(Index k, Vector x) {
    const auto [a, b] = shape(k);
    d_ = x - centre(k);
    const double r = d_.norm();
    return {a, b, 1 / (a + r), r > 0 ? 1 / r : 0};
  }

  /// g, the gradient of a function of the layer's output, becomes that of the function +
  /// weight * log-determinant by its input, which is at `map` and d_; along = d_ . g.
  void pull_to_input(const Map& map, double along, double weight, VectorXd& g) const {
    g *= map.k();
    g += (weight * map.log_determinant_by_r(dimension()) - map.b * map.h * map.h * along) *
         map.inverse_r * d_;
  }

  /// Adds the gradient of g . y + weight * log-determinant by layer k's parameters; g, of the
  /// layer's output y, becomes that of its input.
  void add_layer(Index k, Vector x, double weight, VectorXd& g, GradientOut phi) {
    const Map map = place(k, x);
    const double along = d_.dot(g), strength = parameters_.vector(strength_)[k];
    phi.matrix(centre_).col(k) += g;
    pull_to_input(map, along, weight, g);
    phi.matrix(centre_).col(k) -= g;
    const double by_a =
        weight * map.log_determinant_by_a(dimension()) - map.b * map.h * map.h * along;
    const double by_b = weight * map.log_determinant_by_b(dimension()) + map.h * along;
    phi.vector(log_radius_)[k] += map.a * by_a + map.b * by_b;  // b is a times a function of g
    phi.vector(strength_)[k] += map.a * sigmoid(strength + offset_of_zero) * by_b;
  }

  Parameters::Column<double> mean() { return parameters_.vector(mean_); }
  Eigen::Map<VectorXd> centre(Index k) {
    return {parameters_.f64().data() + centre_.offset + k * dimension(), dimension()};
  }
  void prepare() {
    scale_ = parameters_.vector(log_scale_).array().exp();
    constant_ = parameters_.vector(log_scale_).sum() + 0.5 * double(dimension()) * log_2pi;
  }
  double base(Vector x) const { return -0.5 * x.squaredNorm() - constant_; }

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
  BlockId<double> mean_, log_scale_, centre_, log_radius_, strength_;
  VectorXd scale_, g_, d_, minus_;  ///< [D]
  double constant_ = 0;             ///< minus the log density of the affine map's centre
  MatrixXd sampled_, scored_;       ///< [(K + 1) D x S]  of the most recent sample, and log_prob
};

}  // namespace

ELBOW_PLUGIN(Radial, options,
             {.name = "radial",
              .summary = "flow of radial maps, with a closed inverse for its density anywhere",
              .source = "Rezende & Mohamed 2015, eq. 14 and appendix A.2",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::transport})
