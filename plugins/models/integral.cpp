#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() { return {real("t", 2.0, "the parameter of the integral").above(0)}; }

/// The integrand of ln(1 + t) = integral over (0, 1) of g(x; t) = (x^t - 1) / ln x as an
/// unnormalised density of x: the worked case of differentiation under the integral sign, where
/// d/dt ln of the integral is the mean of d/dt ln g = x^t ln x / (x^t - 1), by Leibniz' rule. Both
/// are known: the evidence is ln(1 + t) and that mean 1 / ((1 + t) ln(1 + t)). z = logit x.
class Integral final : public Model, public Density, public Reference {
 public:
  explicit Integral(const ModelSetup& setup) : t_(setup.options.real("t")) {}

  Density* density() override { return this; }
  Reference* reference() override { return this; }

  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override {
    return {{"x", {}, {}, ""}, {"score", {}, {}, "nats per unit of t"}};
  }
  void constrain(Draws z, DrawsOut x) const override {
    for (Index s = 0; s < z.cols(); ++s) {
      x(0, s) = sigmoid(z(0, s));
      const double minus_log_x = softplus(-z(0, s));
      // x^t ln x / (x^t - 1) = 1 / t times u / (e^u - 1), u = -t ln x.
      const double u = t_ * minus_log_x;
      x(1, s) = (u > 0 ? u / std::expm1(u) : 1.0) / t_;
    }
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  // With v = -ln x: log g = log(1 - e^(-t v)) - log v, and dx/dz = x (1 - x).
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double v = softplus(-z(0, s)), w = softplus(z(0, s)), rest = sigmoid(-z(0, s));
      const double u = t_ * v;
      log_p[s] = std::log(-std::expm1(-u)) - std::log(v) - v - w;
      if (gradient.size() == 0) continue;
      // dv/dz = -(1 - x); d log g/dv = t / (e^u - 1) - 1 / v, which is near -t / 2 for small u.
      const double slope = u > 1e-4 ? t_ / std::expm1(u) - 1 / v : t_ * (-0.5 + u / 12);
      gradient(0, s) = -slope * rest + rest - sigmoid(z(0, s));
    }
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override {
    return Estimate{std::log(std::log1p(t_))};
  }
  std::optional<Moments> moments() const override {
    // The integral of x^k g is ln((k + 1 + t) / (k + 1)), that of score^2 g the sum over k of
    // 1 / (1 + (k + 2) t)^2, whose tail beyond n is 1 / (t (1 + (n + 1.5) t)) by the midpoint rule.
    const double evidence = std::log1p(t_);
    const double x1 = std::log1p(t_ / 2) / evidence, x2 = std::log1p(t_ / 3) / evidence;
    const double s1 = 1 / ((1 + t_) * evidence);
    double square = 0;
    constexpr int terms = 2000;
    for (int k = terms - 1; k >= 0; --k) square += std::pow(1 + double(k + 2) * t_, -2);
    square += 1 / (t_ * (1 + (terms + 1.5) * t_));
    const Eigen::Vector2d sd(std::sqrt(x2 - x1 * x1), std::sqrt(square / evidence - s1 * s1));
    return Moments{Eigen::Vector2d(x1, s1), sd, Eigen::Vector2d::Zero(), Eigen::Vector2d::Zero()};
  }
  /// g is the integral of x^s over s from 0 to t: a mixture of Beta(s + 1, 1).
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double power = std::exp(stream.uniform() * std::log1p(t_));  // s + 1
      const double log_x = std::log(stream.uniform()) / power;
      z(0, s) = log_x - std::log(-std::expm1(log_x));
    }
  }

 private:
  double t_;
};

}  // namespace

ELBOW_PLUGIN(Integral, options,
             {.name = "integral",
              .summary = "the integral of (x^t - 1) / ln x over (0, 1), which is ln(1 + t)",
              .source = "Leibniz' rule; Feynman's trick",
              .provides = Ability::density | Ability::gradient | Ability::reference})
