#include <algorithm>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      choice("target", {"density", "location_scale"},
             "the density that the data come from, or the posterior of the location and the scale "
             "of a single distribution given the data"),
      integer("components", 4, "number of Laplace bumps, equally weighted").at_least(1),
      integer("points", 200, "number of data").at_least(1),
      real("location_upper", 20.0, "the bumps' locations are uniform from 0 to this").above(0),
      real("scale_upper", 3.0, "the bumps' scales are uniform from 0 to this").above(0),
      reals("locations", optional, "the bumps' locations, instead of random ones"),
      reals("scales", optional, "the bumps' scales, instead of random ones").above(0),
      choice("likelihood", {"laplace", "gaussian"}, "location_scale: the data's distribution"),
      real("prior_location_mean", 10.0, "location_scale: mean of the location's normal prior"),
      real("prior_location_sd", 10.0, "location_scale: its standard deviation").above(0),
      real("prior_log_scale_mean", 0.0, "location_scale: mean of the log scale's normal prior"),
      real("prior_log_scale_sd", 2.0, "location_scale: its standard deviation").above(0),
  };
}

/// Equally weighted Laplace bumps and the data drawn from them.
struct Bumps {
  Eigen::ArrayXd locations, scales;
  Eigen::VectorXd points;

  explicit Bumps(const ModelSetup& setup) {
    const Options& o = setup.options;
    RandomStream places = setup.data_stream.substream(0);
    RandomStream draws = setup.data_stream.substream(1);
    if (o.has("locations") != o.has("scales"))
      throw OptionError("locations and scales must be given together");
    if (o.has("locations")) {
      locations = o.reals("locations");
      scales = o.reals("scales");
      if (locations.size() != scales.size() || locations.size() == 0)
        throw OptionError("locations and scales must have one number per bump, got " +
                          std::to_string(locations.size()) + " and " +
                          std::to_string(scales.size()));
    } else {
      locations.resize(o.integer("components"));
      scales.resize(locations.size());
      for (double& location : locations) location = o.real("location_upper") * places.uniform();
      for (double& scale : scales) scale = o.real("scale_upper") * places.uniform();
    }
    points.resize(o.integer("points"));
    for (double& point : points) point = draw(draws);
  }

  double draw(RandomStream& stream) const {
    const Index k = stream.integer(locations.size());
    const double centred = stream.uniform() - 0.5;
    return locations[k] - std::copysign(scales[k] * std::log1p(-2 * std::abs(centred)), centred);
  }
};

/// The mixture's own density, in one dimension: z is distributed as the data are.
class BumpDensity final : public Density, public Reference {
 public:
  explicit BumpDensity(const Bumps& bumps)
      : bumps_(bumps), log_height_(-(2 * double(bumps.scales.size()) * bumps.scales).log()) {}

  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"x", {}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    const Index bumps = log_height_.size();
    for (Index s = 0; s < z.cols(); ++s) {
      const double x = z(0, s);
      double top = -INFINITY, sum = 0, slope = 0;
      for (Index k = 0; k < bumps; ++k)
        top = std::max(top, log_height_[k] - std::abs(x - bumps_.locations[k]) / bumps_.scales[k]);
      for (Index k = 0; k < bumps; ++k) {
        const double gap = x - bumps_.locations[k];
        const double share = std::exp(log_height_[k] - std::abs(gap) / bumps_.scales[k] - top);
        sum += share;
        if (gap != 0) slope -= std::copysign(share / bumps_.scales[k], gap);
      }
      log_p[s] = top + std::log(sum);
      if (gradient.size() > 0) gradient(0, s) = slope / sum;
    }
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{0, 0}; }
  std::optional<Moments> moments() const override {
    const double mean = bumps_.locations.mean();
    const double variance =
        (2 * bumps_.scales.square() + (bumps_.locations - mean).square()).mean();
    const Eigen::VectorXd zero = Eigen::VectorXd::Zero(1);
    return Moments{Eigen::VectorXd::Constant(1, mean),
                   Eigen::VectorXd::Constant(1, std::sqrt(variance)), zero, zero};
  }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    for (Index s = 0; s < z.cols(); ++s) z(0, s) = bumps_.draw(stream);
  }

 private:
  const Bumps& bumps_;
  Eigen::ArrayXd log_height_;  ///< log(weight / (2 scale)) of every bump
};

/// The data as independent draws of a Laplace or a Gaussian distribution with unknown location m
/// and scale e^u, both normal a priori. z = (m, u).
class LocationScale final : public Density, public Reference {
 public:
  LocationScale(const Bumps& bumps, const Options& o)
      : gaussian_(o.text("likelihood") == "gaussian"),
        count_(double(bumps.points.size())),
        location_mean_(o.real("prior_location_mean")),
        location_sd_(o.real("prior_location_sd")),
        log_scale_mean_(o.real("prior_log_scale_mean")),
        log_scale_sd_(o.real("prior_log_scale_sd")),
        sorted_(bumps.points),
        sum_below_(bumps.points.size() + 1) {
    std::sort(sorted_.begin(), sorted_.end());
    sum_below_[0] = 0;
    for (Index i = 0; i < sorted_.size(); ++i) sum_below_[i + 1] = sum_below_[i] + sorted_[i];
    data_mean_ = sorted_.mean();
    scatter_ = (sorted_.array() - data_mean_).square().sum();
  }

  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override {
    return {{"location", {}, {}, ""}, {"scale", {}, {}, ""}};
  }
  void constrain(Draws z, DrawsOut x) const override {
    x.row(0) = z.row(0);
    x.row(1) = z.row(1).array().exp();
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double m = z(0, s);
      const double u = z(1, s);
      const Misfit misfit = misfit_at(m);
      log_p[s] = log_joint(m, u, misfit.value);
      if (gradient.size() == 0) continue;
      const double inverse = gaussian_ ? std::exp(-2 * u) : std::exp(-u);
      gradient(0, s) =
          -inverse * misfit.slope - (m - location_mean_) / (location_sd_ * location_sd_);
      gradient(1, s) = (gaussian_ ? 2 : 1) * misfit.value * inverse - count_ -
                       (u - log_scale_mean_) / (log_scale_sd_ * log_scale_sd_);
    }
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{quadrature().evidence}; }
  std::optional<Moments> moments() const override { return quadrature().moments; }

 private:
  /// What the exponent of the likelihood is made from, as a function of the location:
  /// sum |x_i - m|, or half the sum of squares.
  struct Misfit {
    double value, slope;
  };
  Misfit misfit_at(double m) const {
    const double gap = m - data_mean_;
    if (gaussian_) return {0.5 * (scatter_ + count_ * gap * gap), count_ * gap};
    const Index below = std::lower_bound(sorted_.begin(), sorted_.end(), m) - sorted_.begin();
    const Index not_above = std::upper_bound(sorted_.begin(), sorted_.end(), m) - sorted_.begin();
    const double above = count_ - double(below);
    const double value = double(below) * m - sum_below_[below] +
                         (sum_below_[sorted_.size()] - sum_below_[below]) - above * m;
    return {value, double(below) - (count_ - double(not_above))};
  }

  double log_joint(double m, double u, double misfit) const {
    return log_normal(m, location_mean_, location_sd_) +
           log_normal(u, log_scale_mean_, log_scale_sd_) -
           count_ * (u + (gaussian_ ? 0.5 * log_2pi : std::log(2))) -
           misfit * (gaussian_ ? std::exp(-2 * u) : std::exp(-u));
  }

  struct Quadrature {
    double evidence;
    Moments moments;
  };

  /// The best log scale for a given misfit: the root of the derivative in u, which falls.
  double best_log_scale(double misfit) const {
    const double power = gaussian_ ? 2 : 1;
    double low = log_scale_mean_ - log_scale_sd_ * log_scale_sd_ * count_;
    double high = std::max(log_scale_mean_, std::log(power * misfit / count_ + 1e-300) / power);
    for (int step = 0; step < 200 && high - low > 1e-12 * (1 + std::abs(low)); ++step) {
      const double u = 0.5 * (low + high);
      const double slope = power * misfit * std::exp(-power * u) - count_ -
                           (u - log_scale_mean_) / (log_scale_sd_ * log_scale_sd_);
      (slope > 0 ? low : high) = u;
    }
    return 0.5 * (low + high);
  }

  /// The places where the integrand's formula in m changes (the data), refined until the exponent
  /// moves little from one to the next; without the parts that carry no mass.
  std::vector<std::pair<double, double>> pieces() const {
    std::vector<double> edges(sorted_.begin(), sorted_.end());
    edges.push_back(location_mean_);
    edges.push_back(location_mean_ - 9 * location_sd_);
    edges.push_back(location_mean_ + 9 * location_sd_);
    std::sort(edges.begin(), edges.end());
    const auto profile = [&](double m) {
      const double misfit = misfit_at(m).value;
      return log_joint(m, best_log_scale(misfit), misfit);
    };
    double top = -INFINITY;
    for (const double edge : edges) top = std::max(top, profile(edge));
    std::vector<std::pair<double, double>> kept;
    const auto refine = [&](auto&& self, double left, double right, int depth) -> void {
      const double at_left = profile(left), at_right = profile(right);
      const double middle = profile(0.5 * (left + right));
      top = std::max(top, middle);
      const bool rough = std::max(std::abs(at_left - middle), std::abs(at_right - middle)) > 2;
      const bool massive = std::max({at_left, at_right, middle}) > top - 45;
      if (depth > 0 && rough && (massive || depth > 30)) {
        self(self, left, 0.5 * (left + right), depth - 1);
        self(self, 0.5 * (left + right), right, depth - 1);
      } else if (massive) {
        kept.emplace_back(left, right);
      }
    };
    for (std::size_t i = 0; i + 1 < edges.size(); ++i)
      if (edges[i] < edges[i + 1]) refine(refine, edges[i], edges[i + 1], 36);
    return kept;
  }

  /// Gauss-Legendre in m, piece by piece, and the trapezoidal rule in u, whose integrand is
  /// analytic and falls at least as fast as its normal prior.
  const Quadrature& quadrature() const {
    if (quadrature_) return *quadrature_;
    static constexpr double node[5] = {0.1488743389816312, 0.4333953941292472, 0.6794095682990244,
                                       0.8650633666889845, 0.9739065285171717};
    static constexpr double weight[5] = {0.2955242247147529, 0.2692667193099964, 0.2190863625159820,
                                         0.1494513491505806, 0.0666713443086881};
    std::vector<double> log_weights, locations, scales;
    for (const auto& [left, right] : pieces()) {
      const double half = 0.5 * (right - left);
      for (int i = 0; i < 10; ++i) {
        const double m = 0.5 * (left + right) + (i < 5 ? -half : half) * node[i % 5];
        const double misfit = misfit_at(m).value;
        // Around the best u, as wide as the curvature there says, and further than that to the
        // right, where the likelihood falls only like e^{-N u}.
        const double u0 = best_log_scale(misfit);
        const double power = gaussian_ ? 2 : 1;
        const double curvature =
            power * power * misfit * std::exp(-power * u0) + 1 / (log_scale_sd_ * log_scale_sd_);
        const double h = 0.25 / std::sqrt(curvature);
        const double peak = log_joint(m, u0, misfit);
        for (const int direction : {-1, 1}) {
          for (int step = direction > 0 ? 0 : 1; step < 4000; ++step) {
            const double u = u0 + direction * step * h;
            const double value = log_joint(m, u, misfit);
            if (value < peak - 45) break;
            log_weights.push_back(value + std::log(half * weight[i % 5] * h));
            locations.push_back(m);
            scales.push_back(std::exp(u));
          }
        }
      }
    }
    const auto array = [](const std::vector<double>& v) {
      return Eigen::Map<const Eigen::ArrayXd>(v.data(), Index(v.size()));
    };
    Quadrature q;
    q.evidence = log_sum_exp(array(log_weights).matrix());
    const Eigen::ArrayXd probability = (array(log_weights) - q.evidence).exp();
    q.moments.mean.resize(2);
    q.moments.mean << (probability * array(locations)).sum(), (probability * array(scales)).sum();
    q.moments.sd.resize(2);
    q.moments.sd << std::sqrt(
        (probability * (array(locations) - q.moments.mean[0]).square()).sum()),
        std::sqrt((probability * (array(scales) - q.moments.mean[1]).square()).sum());
    q.moments.mean_standard_error = q.moments.sd_standard_error = Eigen::VectorXd::Zero(2);
    return quadrature_.emplace(std::move(q));
  }

  bool gaussian_;
  double count_;
  double location_mean_, location_sd_, log_scale_mean_, log_scale_sd_;
  Eigen::VectorXd sorted_, sum_below_;  ///< the data in order, and the sums of the first 0 ... N
  double data_mean_, scatter_;          ///< sum of (x_i - mean)^2
  mutable std::optional<Quadrature> quadrature_;
};

class LaplaceMixture final : public Model {
 public:
  explicit LaplaceMixture(const ModelSetup& setup) : bumps_(setup) {
    if (setup.options.text("target") == "density")
      density_.emplace(bumps_);
    else
      location_scale_.emplace(bumps_, setup.options);
  }

  Density* density() override {
    if (density_) return &*density_;
    return &*location_scale_;
  }
  Reference* reference() override {
    if (density_) return &*density_;
    return &*location_scale_;
  }
  std::vector<DataArray> data() const override {
    const Index bumps = bumps_.locations.size();
    return {{{"x", {bumps_.points.size()}, {"point"}, ""}, bumps_.points, true},
            {{"bump_location", {bumps}, {"bump"}, ""}, bumps_.locations, false},
            {{"bump_scale", {bumps}, {"bump"}, ""}, bumps_.scales, false}};
  }

 private:
  Bumps bumps_;
  std::optional<BumpDensity> density_;
  std::optional<LocationScale> location_scale_;
};

}  // namespace

ELBOW_PLUGIN(LaplaceMixture, options,
             {.name = "laplace_mixture",
              .summary = "Data from a few Laplace bumps: their density, or a location and scale",
              .provides = Ability::density | Ability::gradient | Ability::reference})
