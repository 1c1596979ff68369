#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("wells", 16, "independent double wells, of two dimensions each").at_least(1)};
}

/// Wells p(a, b) = exp(-a^4 + 6 a^2 + a / 2 - b^2 / 2), behind each other in z: two modes near a =
/// +-sqrt(3) per well, 2^wells in all, of known weights. Unnormalised.
class ManyWell final : public Model, public Density, public Reference {
 public:
  explicit ManyWell(const ModelSetup& setup) : wells_(setup.options.integer("wells")) {
    // The trapezoidal rule is exact to rounding for a smooth integrand that has died away.
    constexpr double step = 1e-3, end = 5;
    double sums[3] = {};
    for (Index i = 0; i <= Index(2 * end / step); ++i) {
      const double a = -end + step * double(i), density = std::exp(log_marginal(a));
      sums[0] += density;
      sums[1] += density * a;
      sums[2] += density * a * a;
      ceiling_ = std::max(ceiling_, log_marginal(a) - log_proposal(a));
    }
    ceiling_ += 1e-3;  // between the grid's points
    log_evidence_ = std::log(sums[0] * step) + 0.5 * log_2pi;
    mean_ = sums[1] / sums[0];
    sd_ = std::sqrt(sums[2] / sums[0] - mean_ * mean_);
  }

  Density* density() override { return this; }
  Reference* reference() override { return this; }

  Index dimension() const override { return 2 * wells_; }
  std::vector<Variable> variables() const override {
    return {{"z", {2, wells_}, {"coordinate", "well"}, ""}};
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) {
      log_p[s] = 0;
      for (Index i = 0; i < z.rows(); i += 2) {
        const double a = z(i, s), b = z(i + 1, s);
        log_p[s] += log_marginal(a) - 0.5 * b * b;
        if (gradient.size() == 0) continue;
        gradient(i, s) = -4 * a * a * a + 12 * a + 0.5;
        gradient(i + 1, s) = -b;
      }
    }
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override {
    return Estimate{double(wells_) * log_evidence_, 0};
  }
  std::optional<Moments> moments() const override {
    Moments m;
    m.mean = m.mean_standard_error = m.sd_standard_error = Eigen::VectorXd::Zero(dimension());
    m.sd = Eigen::VectorXd::Ones(dimension());
    for (Index i = 0; i < dimension(); i += 2) {
      m.mean[i] = mean_;
      m.sd[i] = sd_;
    }
    return m;
  }

  bool has_exact_sampler() const override { return true; }
  /// a by rejection from two normals around its modes.
  void sample(RandomStream& stream, DrawsOut z) const override {
    for (Index s = 0; s < z.cols(); ++s)
      for (Index i = 0; i < z.rows(); i += 2) {
        double a;
        do {
          a = (stream.uniform() < 0.5 ? -mode : mode) + spread * stream.normal();
        } while (std::log(stream.uniform()) > log_marginal(a) - log_proposal(a) - ceiling_);
        z(i, s) = a;
        z(i + 1, s) = stream.normal();
      }
  }

 private:
  static constexpr double mode = 1.7320508075688772, spread = 0.5;

  static double log_marginal(double a) { return a * (0.5 + a * (6 - a * a)); }
  static double log_proposal(double a) {
    const double near = log_normal(std::abs(a), mode, spread);
    const double far = log_normal(-std::abs(a), mode, spread);
    return near + std::log1p(std::exp(far - near)) - std::log(2.0);
  }

  Index wells_;
  double ceiling_ = -infinity;       ///< of marginal over proposal, log
  double log_evidence_, mean_, sd_;  ///< of one well; of its a
};

}  // namespace

ELBOW_PLUGIN(ManyWell, options,
             {.name = "many_well",
              .summary = "double wells: two to the number of wells modes with known weights",
              .source = "Noe et al. 2019; Midgley et al. 2023, section 4",
              .provides = Ability::density | Ability::gradient | Ability::reference})
