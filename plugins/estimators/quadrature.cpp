#include <Eigen/Eigenvalues>
#include <array>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {choice("rule", {"gauss", "leibniz"},
                 "nodes in the noise, through z = T(noise); a grid of z, where the gradient of the "
                 "integral is the integral of the gradient")
              .when({.value = "gauss",
                     .needs_of_model = Ability::gradient,
                     .needs_of_family = Ability::reparameterized})
              .when({.value = "leibniz", .needs_of_family = Ability::log_prob}),
          integer("points", optional,
                  "nodes along each axis; by default 64, 24 and 10 (gauss) or 1001, 161 and 41 "
                  "(leibniz) in one, two and three dimensions")
              .at_least(2),
          real("lower", -12, "lower end of leibniz's grid in every coordinate of z"),
          real("upper", 12, "its upper end")};
}

/// Nodes and weights of one axis.
struct Rule {
  VectorXd nodes, weights;
};

/// Golub & Welsch 1969: the eigenvalues of the recurrence's matrix are the nodes, the squares of
/// its eigenvectors' first elements the weights.
template <class OffDiagonal>
Rule gauss(Index points, OffDiagonal off_diagonal) {
  VectorXd off(points - 1);
  for (Index i = 1; i < points; ++i) off[i - 1] = off_diagonal(double(i));
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(VectorXd::Zero(points), off);
  return {solver.eigenvalues(), solver.eigenvectors().row(0).cwiseAbs2()};
}

/// Under the standard normal.
Rule gauss_hermite(Index points) {
  return gauss(points, [](double i) { return std::sqrt(i); });
}
/// Under the uniform distribution on (0, 1).
Rule gauss_legendre(Index points) {
  Rule rule = gauss(points, [](double i) { return i / std::sqrt(4 * i * i - 1); });
  rule.nodes = 0.5 * (rule.nodes.array() + 1);
  return rule;
}
/// Under length, by the trapezoidal rule: as good as a Gaussian one where the integrand has died
/// away at both ends.
Rule trapezoid(double lower, double upper, Index points) {
  Rule rule{VectorXd::LinSpaced(points, lower, upper),
            VectorXd::Constant(points, (upper - lower) / double(points - 1))};
  rule.weights[0] *= 0.5;
  rule.weights[points - 1] *= 0.5;
  return rule;
}

/// The ELBO as a deterministic integral with its exact gradient: what every stochastic gradient
/// must have as its mean.
class Quadrature final : public GradientEstimator {
 public:
  explicit Quadrature(const EstimatorSetup& setup)
      : GradientEstimator({&setup.family->parameters()}),
        leibniz_(setup.options.text("rule") == "leibniz") {
    const NoiseShape noise = setup.family->noise();
    const Index axes = leibniz_ ? setup.family->dimension() : noise.rows();
    if (axes < 1 || axes > 3)
      throw Unsupported("a tensor grid has at most 3 axes: " +
                        std::string(leibniz_ ? "the model has " : "the family draws from ") +
                        std::to_string(axes) + (leibniz_ ? " dimensions" : " random numbers"));
    const Index points =
        setup.options.has("points")
            ? setup.options.integer("points")
            : std::array<Index, 6>{
                  64, 24, 10, 1001, 161, 41}[std::size_t(axes - 1 + (leibniz_ ? 3 : 0))];
    const double lower = setup.options.real("lower"), upper = setup.options.real("upper");
    if (!(lower < upper))
      throw OptionError("lower must be below upper, got " + std::to_string(lower) + " and " +
                        std::to_string(upper));
    std::vector<Rule> rules;
    for (Index a = 0; a < axes; ++a)
      rules.push_back(leibniz_            ? trapezoid(lower, upper, points)
                      : a < noise.normals ? gauss_hermite(points)
                                          : gauss_legendre(points));
    Index count = 1;
    for (Index a = 0; a < axes; ++a) count *= points;
    nodes_.resize(axes, count);
    weights_.setOnes(count);
    for (Index s = 0; s < count; ++s)
      for (Index a = 0, rest = s; a < axes; ++a, rest /= points) {
        nodes_(a, s) = rules[std::size_t(a)].nodes[rest % points];
        weights_[s] *= rules[std::size_t(a)].weights[rest % points];
      }
    log_p_.resize(count);
    log_q_.resize(count);
    g_q_.resize(count);
    if (leibniz_) return;
    z_.resize(setup.family->dimension(), count);
    g_z_.resize(setup.family->dimension(), count);
  }

  bool state(StateArchive&) override { return true; }

  double value_and_gradient(Fit& fit, std::span<const GradientOut> gradients,
                            VectorOut trace) override {
    const double elbo = leibniz_ ? over_points(fit, gradients[0]) : over_noise(fit, gradients[0]);
    trace[0] = leibniz_ ? weights_.dot(log_q_) : weights_.sum();
    trace[1] = double(log_p_.size() - log_p_.array().isFinite().count());
    return elbo;
  }

  std::vector<TraceField> own_fields() const override {
    return {{"mass", "integral of q over the nodes; below 1 where the grid cuts q off", ""},
            {"non_finite_nodes", "nodes whose log density was infinite or NaN", ""}};
  }

 private:
  double over_noise(Fit& fit, GradientOut phi) {
    Family& q = *fit.family;
    q.sample(nodes_, z_, log_q_);
    fit.model.density()->log_density_gradient(z_, log_p_, g_z_);
    g_z_ *= weights_.asDiagonal();
    g_q_ = -weights_;
    q.sample_pullback(g_z_, g_q_, phi);
    return weights_.dot(log_p_ - log_q_);
  }

  /// d/dphi of the integral of q (log p - log q) is that of q (log p - log q - c) dlog q/dphi for
  /// every c, since q's own integral is constant. c is the integral itself: where dlog q/dphi jumps
  /// (q with kinks, as radial flows have), the grid errs by the size of what the jump is
  /// multiplied with. Leaves q in log_q_.
  double over_points(Fit& fit, GradientOut phi) {
    Family& q = *fit.family;
    q.log_prob(nodes_, log_q_);
    fit.model.density()->log_density(nodes_, log_p_);
    double elbo = 0;
    for (Index s = 0; s < log_q_.size(); ++s) {
      const double density = std::exp(log_q_[s]), gain = log_p_[s] - log_q_[s];
      const bool counts = density > 0;  // 0 (-inf) is 0
      if (counts) elbo += weights_[s] * density * gain;
      g_q_[s] = counts ? weights_[s] * density * gain : 0;
      log_q_[s] = density;
    }
    for (Index s = 0; s < log_q_.size(); ++s)
      if (log_q_[s] > 0) g_q_[s] -= elbo * weights_[s] * log_q_[s];
    q.log_prob_pullback(g_q_, phi, unwanted());
    return elbo;
  }

  bool leibniz_;
  MatrixXd nodes_;          ///< [axes x S]  noise, or points
  VectorXd weights_;        ///< [S]
  MatrixXd z_, g_z_;        ///< [D x S]
  VectorXd log_p_, log_q_;  ///< [S]
  VectorXd g_q_;            ///< [S]  what the pull-back of log q is weighted by
};

}  // namespace

ELBOW_PLUGIN(Quadrature, options,
             {.name = "quadrature",
              .summary = "ELBO and gradient without noise, on tensor grids in up to 3 dimensions",
              .source = "Golub & Welsch 1969",
              .provides = Ability::unbiased_gradient,
              .needs_of_model = Ability::density})
