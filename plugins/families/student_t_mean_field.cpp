#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("initial_scale", 1.0, "scale of every coordinate at the start").above(0),
          real("degrees_of_freedom", 8.0,
               "nu of every coordinate at the start; above 2, where the variance is finite and so "
               "is the ELBO on a target with Gaussian tails")
              .above(2),
          boolean("learn_degrees_of_freedom", true, "whether nu is fitted, per coordinate")};
}

/// d/dx log Gamma(x), x > 0: recurrence up to 10, then the asymptotic series (Abramowitz & Stegun
/// 1964, 6.3.5 and 6.3.18). Relative error below 1e-13.
double digamma(double x) {
  double sum = 0;
  for (; x < 10; ++x) sum -= 1 / x;
  const double y = 1 / (x * x);
  return sum + std::log(x) - 0.5 / x -
         y * (1. / 12 - y * (1. / 120 - y * (1. / 252 - y * (1. / 240 - y * (1. / 132)))));
}

/// d/dx digamma(x), x > 0 (6.4.6 and 6.4.12 there).
double trigamma(double x) {
  double sum = 0;
  for (; x < 15; ++x) sum += 1 / (x * x);
  const double y = 1 / (x * x);
  return sum + 1 / x + 0.5 * y +
         y / x * (1. / 6 - y * (1. / 30 - y * (1. / 42 - y * (1. / 30 - y * (5. / 66)))));
}

/// The regularised incomplete beta function I_x(a, b) by its continued fraction (Abramowitz &
/// Stegun 1964, 26.5.8; Lentz' algorithm). @param log_x, log_rest  log x and log(1 - x)
double incomplete_beta(double log_x, double log_rest, double a, double b) {
  const double x = std::exp(log_x);
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(log_rest, log_x, b, a);
  constexpr double tiny = 1e-300;
  double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m < 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double factor = 1;
    for (const double term : {even, odd}) {
      d = 1 / std::copysign(std::fmax(std::abs(1 + term * d), tiny), 1 + term * d);
      c = 1 + term / c;
      fraction *= factor = c * d;
    }
    if (std::abs(factor - 1) < 1e-15) break;
  }
  const double log_beta = std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
  return std::exp(a * log_x + b * log_rest - log_beta) * fraction / a;
}

/// The place of Student's t with the same probability below it as the normal number e: Newton's
/// method for the tail's logarithm, against log t where that is nearly a line.
/// @param log_density_at_0  of t
double student_of_normal(double e, double nu, double log_density_at_0) {
  const double away = std::abs(e);
  if (away < 1e-8) return e * std::exp(-0.5 * log_2pi - log_density_at_0);
  const double log_tail = std::log(0.5 * std::erfc(away * std::sqrt(0.5)));
  double t = away * (1 + (away * away + 1) / (4 * nu));  // Cornish & Fisher 1938, to first order
  for (int i = 0; i < 100; ++i) {
    const double square = t * t / nu, log_x = -std::log1p(square);
    const double tail = 0.5 * incomplete_beta(log_x, std::log(square) + log_x, 0.5 * nu, 0.5);
    const double density = std::exp(log_density_at_0 - 0.5 * (nu + 1) * std::log1p(square));
    const double step = (std::log(tail) - log_tail) * tail / density;
    const double next = t < 1 ? t + step : t * std::exp(std::fmin(step / t, 50));
    const bool settled = std::abs(next - t) <= 4e-16 * t;
    t = std::fmax(next, 0.1 * t);
    if (settled) break;
  }
  return std::copysign(t, e);
}

/// q(z) = prod_d t(z_d; nu_d, m_d, s_d), with phi = (m, log s, log(nu - 2)). A standardised draw is
/// x = r cos(2 pi v), r^2 = nu (u^(-2/nu) - 1), of two uniforms (Bailey 1994): smooth in nu, so
/// that the degrees of freedom have pathwise gradients as well.
class StudentTMeanField final : public Family, public ClosedEntropy, public Transport {
 public:
  explicit StudentTMeanField(const FamilySetup& setup)
      : mean_(parameters_.add("mean", setup.dimension)),
        log_scale_(parameters_.add("log_scale", setup.dimension)),
        learn_(setup.options.boolean("learn_degrees_of_freedom")),
        fixed_(setup.options.real("degrees_of_freedom")),
        terms_(static_cast<std::size_t>(setup.dimension)) {
    parameters_.vector(log_scale_).setConstant(std::log(setup.options.real("initial_scale")));
    if (!learn_) return;
    log_excess_ = parameters_.add("log_excess_degrees", setup.dimension);
    parameters_.vector(log_excess_).setConstant(std::log(fixed_ - 2));
  }

  Index dimension() const override { return mean_.rows; }
  NoiseShape noise() const override { return {0, 2 * dimension()}; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    sampled_.prepare(dimension(), noise.cols());
    if (log_q.size() > 0) log_q.setZero();
    for (Index d = 0; d < dimension(); ++d) {
      const Terms t = terms(d);
      for (Index s = 0; s < noise.cols(); ++s) {
        const double log_u = std::log(noise(d, s)), y = -2 * log_u / t.nu;
        const double grown = std::expm1(y);  // u^(-2/nu) - 1
        const double x = std::sqrt(t.nu * grown) * std::cos(2 * pi * noise(dimension() + d, s));
        sampled_.x(d, s) = x;
        // dx/dnu = x / 2 d log r^2 / dnu
        sampled_.slope(d, s) = 0.5 * x / t.nu * (1 - y * (1 + grown) / grown);
        z(d, s) = mean()[d] + t.scale * x;
        if (log_q.size() > 0) log_q[s] += t.constant - t.half * std::log1p(x * x / t.nu);
      }
    }
  }

  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    for (Index d = 0; d < dimension(); ++d) {
      const Terms& t = terms_[std::size_t(d)];
      double by_mean = 0, by_log_scale = 0, by_nu = 0;
      for (Index s = 0; s < g_z.cols(); ++s) {
        const double x = sampled_.x(d, s);
        double to_x = t.scale * g_z(d, s);
        by_mean += g_z(d, s);
        by_log_scale += to_x * x;
        if (g_log_q.size() > 0) {
          // log q = -log s + a function of (x, nu) along z = m + s x.
          to_x -= g_log_q[s] * t.pull(x);
          by_log_scale -= g_log_q[s];
          by_nu += g_log_q[s] * t.by_nu(x);
        }
        by_nu += to_x * sampled_.slope(d, s);
      }
      phi.vector(mean_)[d] += by_mean;
      phi.vector(log_scale_)[d] += by_log_scale;
      if (learn_) phi.vector(log_excess_)[d] += by_nu * (t.nu - 2);
    }
  }

  void log_prob(Draws z, VectorOut log_q) override {
    scored_.prepare(dimension(), z.cols());
    log_q.setZero();
    for (Index d = 0; d < dimension(); ++d) {
      const Terms t = terms(d);
      for (Index s = 0; s < z.cols(); ++s) {
        const double x = (z(d, s) - mean()[d]) / t.scale;
        scored_.x(d, s) = x;
        log_q[s] += t.constant - t.half * std::log1p(x * x / t.nu);
      }
    }
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index d = 0; d < dimension(); ++d) {
      const Terms t = terms(d);
      for (Index s = 0; s < w.size(); ++s) {
        const double x = scored_.x(d, s), pull = t.pull(x);
        if (g_z.size() > 0) g_z(d, s) = -w[s] * pull / t.scale;
        if (!phi) continue;
        phi.vector(mean_)[d] += w[s] * pull / t.scale;
        phi.vector(log_scale_)[d] += w[s] * (pull * x - 1);
        if (learn_) phi.vector(log_excess_)[d] += w[s] * t.by_nu(x) * (t.nu - 2);
      }
    }
  }

  // H = log s + (nu + 1)/2 [psi((nu + 1)/2) - psi(nu/2)] + log(sqrt(nu) B(nu/2, 1/2))
  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override {
    double sum = 0;
    for (Index d = 0; d < dimension(); ++d) {
      const Terms t = terms(d);
      sum += t.half * (digamma(t.half) - digamma(0.5 * t.nu)) - t.constant;
    }
    return sum;
  }
  void entropy_pullback(double w, GradientOut phi) override {
    phi.vector(log_scale_).array() += w;
    if (!learn_) return;
    for (Index d = 0; d < dimension(); ++d) {
      const double nu = degrees(d), half = 0.5 * (nu + 1);
      // The digammas themselves cancel against those of log B.
      const double by_nu = 0.5 * half * (trigamma(half) - trigamma(0.5 * nu)) + 0.5 / nu;
      phi.vector(log_excess_)[d] += w * by_nu * (nu - 2);
    }
  }

  /// Every coordinate by the quantiles of its t.
  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override {
    moved_.prepare(dimension(), e.cols());
    if (log_q.size() > 0) log_q.setZero();
    for (Index d = 0; d < dimension(); ++d) {
      const Terms t = terms(d);
      const double log_scale = parameters_.vector(log_scale_)[d];
      for (Index s = 0; s < e.cols(); ++s) {
        const double x = student_of_normal(e(d, s), t.nu, t.constant + log_scale);
        const double log_density = t.constant - t.half * std::log1p(x * x / t.nu);
        moved_.x(d, s) = x;
        // dx/de, the normal density over that of x
        moved_.slope(d, s) = std::exp(log_normal(e(d, s), 0, 1) - log_density - log_scale);
        z(d, s) = mean()[d] + t.scale * x;
        if (log_q.size() > 0) log_q[s] += log_density;
      }
    }
  }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    for (Index d = 0; d < dimension(); ++d) {
      const Terms& t = terms_[std::size_t(d)];
      for (Index s = 0; s < g_z.cols(); ++s)
        g_e(d, s) =
            moved_.slope(d, s) * (t.scale * g_z(d, s) - g_log_q[s] * t.pull(moved_.x(d, s)));
    }
  }

 private:
  /// What one coordinate's density is made of: log q = constant - half log1p(x^2 / nu).
  struct Terms {
    double scale, nu, half, constant, constant_by_nu;
    /// - d log t(x) / dx
    double pull(double x) const { return (nu + 1) * x / (nu + x * x); }
    /// d log t(x) / d nu
    double by_nu(double x) const {
      return constant_by_nu - 0.5 * std::log1p(x * x / nu) + half * x * x / (nu * (nu + x * x));
    }
  };
  const Terms& terms(Index d) {
    Terms& t = terms_[std::size_t(d)];
    const double log_scale = parameters_.vector(log_scale_)[d];
    t.scale = std::exp(log_scale);
    const double nu = degrees(d);
    t.half = 0.5 * (nu + 1);
    t.nu = nu;
    t.constant = std::lgamma(t.half) - std::lgamma(0.5 * nu) - 0.5 * std::log(nu * pi) - log_scale;
    t.constant_by_nu = 0.5 * (digamma(t.half) - digamma(0.5 * nu) - 1 / nu);
    return t;
  }

  /// Standardised draws; the columns only grow, so that calls of several sizes do not allocate.
  struct Points {
    Eigen::MatrixXd x, slope;  ///< [D x S]  dx/dnu, or of a transport dx/de
    void prepare(Index rows, Index draws) {
      if (x.cols() >= draws) return;
      x.resize(rows, draws);
      slope.resize(rows, draws);
    }
  };

  Parameters::Column<double> mean() { return parameters_.vector(mean_); }
  double degrees(Index d) {
    return learn_ ? 2 + std::exp(parameters_.vector(log_excess_)[d]) : fixed_;
  }

  Parameters parameters_;
  BlockId<double> mean_, log_scale_, log_excess_;
  bool learn_;
  double fixed_;              ///< nu where it is not learnt
  std::vector<Terms> terms_;  ///< [D]
  Points sampled_, scored_;   ///< of the most recent sample, and of the most recent log_prob
  Points moved_;              ///< of the most recent transport
};

}  // namespace

ELBOW_PLUGIN(StudentTMeanField, options,
             {.name = "student_t_mean_field",
              .summary = "independent coordinates with Student's t, of learnt degrees of freedom",
              .source = "Bailey 1994, algorithm 1 (draws)",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy |
                          Ability::transport})
