#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <deque>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      integer("paths", 4, "independent optimisation paths; the approximation mixes them equally")
          .at_least(1),
      integer("history", 5, "pairs of steps and gradient changes that shape a covariance")
          .at_least(1),
      integer("elbo_draws", 25, "draws for the ELBO of every iterate").at_least(2),
      integer("iterations", 1000, "bound on the length of a path").at_least(1),
      real("initial_radius", 2.0, "paths begin uniformly within this of zero, per coordinate")
          .above(0),
      real("tolerance", 1e-13, "relative rise of the log density that ends a path").above(0)};
}

/// N(m, A^1/2 (I + Q (L L^T - I) Q^T) A^1/2) with A diagonal, Q [D x r] orthonormal and L [r x r]
/// lower triangular: a diagonal plus low-rank covariance that is drawn from in O(D r).
struct Component {
  VectorXd mean, root;   ///< [D]  m and A^1/2
  MatrixXd basis, core;  ///< Q and L
  double log_determinant = 0;
  bool positive = false;  ///< whether the estimate is positive definite

  /// The limited-memory BFGS estimate of -Hessian^-1 of a log density from pairs of steps s and
  /// falls y of its gradient: diag(alpha) + B C B^T, B = [diag(alpha) Y, S], and the mean one
  /// Newton step from x (Byrd, Nocedal & Schnabel 1994, theorem 2.2).
  Component(Vector x, Vector gradient, Vector alpha, const std::deque<VectorXd>& steps,
            const std::deque<VectorXd>& falls)
      : root(alpha.cwiseSqrt()) {
    const Index d = x.size(), m = Index(steps.size()), r = std::min(d, 2 * m);
    if (m == 0) {
      mean = x + alpha.cwiseProduct(gradient);
      basis.resize(d, 0);
      positive = true;
      log_determinant = root.array().log().sum();
      return;
    }
    MatrixXd b(d, 2 * m), e = MatrixXd::Zero(m, m), c = MatrixXd::Zero(2 * m, 2 * m);
    MatrixXd middle(m, m);
    for (Index i = 0; i < m; ++i) {
      b.col(i) = alpha.cwiseProduct(falls[std::size_t(i)]);
      b.col(m + i) = steps[std::size_t(i)];
      for (Index j = 0; j < m; ++j) {
        if (i <= j) e(i, j) = steps[std::size_t(i)].dot(falls[std::size_t(j)]);
        middle(i, j) = falls[std::size_t(i)].dot(alpha.cwiseProduct(falls[std::size_t(j)]));
      }
      middle(i, i) += e(i, i);
    }
    const MatrixXd inverse = e.triangularView<Eigen::Upper>().solve(MatrixXd::Identity(m, m));
    c.topRightCorner(m, m) = -inverse;
    c.bottomLeftCorner(m, m) = -inverse.transpose();
    c.bottomRightCorner(m, m) = inverse.transpose() * middle * inverse;
    mean = x + alpha.cwiseProduct(gradient) + b * (c * (b.transpose() * gradient));
    const Eigen::HouseholderQR<MatrixXd> qr(root.cwiseInverse().asDiagonal() * b);
    basis = qr.householderQ() * MatrixXd::Identity(d, r);
    const MatrixXd upper =
        qr.matrixQR().topRows(r).template triangularView<Eigen::Upper>().toDenseMatrix();
    const Eigen::LLT<MatrixXd> factor(MatrixXd::Identity(r, r) + upper * c * upper.transpose());
    core = factor.matrixL();
    positive = factor.info() == Eigen::Success;
    log_determinant = root.array().log().sum() + core.diagonal().array().log().sum();
  }

  bool usable() const {
    return positive && std::isfinite(log_determinant) && mean.allFinite() && core.allFinite();
  }

  template <class Noise>
  VectorXd draw(const Noise& u) const {
    const VectorXd v = basis.transpose() * u;
    return mean + root.cwiseProduct(u + basis * (core * v - v));
  }
  /// The noise of a point.
  VectorXd whiten(Vector z) const {
    const VectorXd x = (z - mean).cwiseQuotient(root), v = basis.transpose() * x;
    return x + basis * (core.triangularView<Eigen::Lower>().solve(v) - v);
  }
  /// Covariance^-1 (z - m), from the noise of z.
  VectorXd pull(const VectorXd& u) const {
    const VectorXd v = basis.transpose() * u;
    return (u + basis * (core.triangularView<Eigen::Lower>().transpose().solve(v) - v))
        .cwiseQuotient(root);
  }
  double log_density(const VectorXd& u) const {
    return -0.5 * (u.squaredNorm() + double(u.size()) * log_2pi) - log_determinant;
  }
};

/// The equal mixture of the paths' Gaussians. Its parameters are their means; the covariances are
/// what the paths have learnt.
class Paths final : public Family, public GaussianForm {
 public:
  Paths(Index dimension, Index paths) : means_(parameters_.add("means", dimension, paths)) {}

  void add(Component component) {
    parameters_.matrix(means_).col(Index(components_.size())) = component.mean;
    components_.push_back(std::move(component));
  }

  Index dimension() const override { return means_.rows; }
  NoiseShape noise() const override { return {dimension(), 1}; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    place();
    const double count = double(components_.size());
    for (Index s = 0; s < z.cols(); ++s) {
      const auto white = noise.col(s).head(dimension());
      if (components_.empty()) {
        z.col(s) = white;
        continue;
      }
      const Index which = Index(std::min(count - 1, std::floor(noise(dimension(), s) * count)));
      z.col(s) = components_[std::size_t(which)].draw(white);
    }
    if (log_q.size() > 0) log_prob(z, log_q);
  }

  void log_prob(Draws z, VectorOut log_q) override {
    place();
    scored_ = z;
    for (Index s = 0; s < z.cols(); ++s) log_q[s] = score(z.col(s));
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    if (g_z.size() > 0) g_z.setZero();
    for (Index s = 0; s < w.size(); ++s) {
      const double log_q = score(scored_.col(s));
      for (std::size_t c = 0; c < components_.size(); ++c) {
        const VectorXd pull = w[s] * std::exp(shares_[Index(c)] - log_q) *
                              components_[c].pull(components_[c].whiten(scored_.col(s)));
        if (g_z.size() > 0) g_z.col(s) -= pull;
        if (phi) phi.matrix(means_).col(Index(c)) += pull;
      }
      if (components_.empty() && g_z.size() > 0) g_z.col(s) = -w[s] * scored_.col(s);
    }
  }

  GaussianForm* gaussian_form() override { return components_.size() == 1 ? this : nullptr; }
  void moments(VectorOut mean, DrawsOut covariance) override {
    place();
    const Component& only = components_[0];
    const MatrixXd low =
        only.core * only.core.transpose() - MatrixXd::Identity(only.core.rows(), only.core.rows());
    mean = only.mean;
    covariance = only.basis * low * only.basis.transpose();
    covariance.diagonal().array() += 1;
    covariance = only.root.asDiagonal() * covariance.eval() * only.root.asDiagonal();
  }

 private:
  void place() {
    for (std::size_t c = 0; c < components_.size(); ++c)
      components_[c].mean = parameters_.matrix(means_).col(Index(c));
  }
  /// Log density at z; a standard normal before the first path. Leaves the components' in shares_.
  double score(Vector z) {
    if (components_.empty()) return -0.5 * (z.squaredNorm() + double(z.size()) * log_2pi);
    shares_.resize(Index(components_.size()));
    for (std::size_t c = 0; c < components_.size(); ++c)
      shares_[Index(c)] = components_[c].log_density(components_[c].whiten(z)) -
                          std::log(double(components_.size()));
    return log_sum_exp(shares_);
  }

  Parameters parameters_;
  BlockId<double> means_;
  std::vector<Component> components_;
  MatrixXd scored_;  ///< [D x S]  of the most recent log_prob
  VectorXd shares_;  ///< [components]
};

/// One step is one path: L-BFGS ascent of the log density, a Gaussian from its history at every
/// iterate, and the one with the highest ELBO kept.
class Pathfinder final : public Estimator {
 public:
  explicit Pathfinder(const EstimatorSetup& setup)
      : paths_(setup.options.integer("paths")),
        history_(setup.options.integer("history")),
        iterations_(setup.options.integer("iterations")),
        radius_(setup.options.real("initial_radius")),
        tolerance_(setup.options.real("tolerance")),
        approximation_(setup.model.density()->dimension(), paths_),
        noise_(approximation_.dimension(), setup.options.integer("elbo_draws")),
        z_(noise_),
        log_p_(noise_.cols()),
        trace_(VectorXd::Zero(4)) {}

  std::vector<TraceField> trace_fields() const override {
    return {{"objective", "highest ELBO of the paths so far, of their best iterates", "nats"},
            {"path_elbo", "ELBO of this path's best iterate", "nats"},
            {"path_length", "iterates of this path", ""},
            {"best_iterate", "the one that was kept, from 0", ""}};
  }

  Progress step(Fit& fit, VectorOut trace) override {
    if (!fit.items.empty())
      throw Unsupported("a path needs a density that does not change: leave out batch_size");
    if (done_ < paths_) {
      const bool found = run_path(*fit.model.density(), fit.stream);
      trace = trace_;
      if (!found) return Progress::non_finite;
      ++done_;
    }
    trace = trace_;
    return done_ == paths_ ? Progress::converged : Progress::going;
  }

  Family* approximation(Fit&) override { return &approximation_; }

 private:
  struct Point {
    VectorXd z, gradient;
    double log_p = 0;
    bool finite() const { return std::isfinite(log_p) && gradient.allFinite(); }
  };
  Point evaluate(Density& density, const VectorXd& z) const {
    Point at{z, VectorXd(z.size()), 0};
    VectorXd log_p(1);
    MatrixXd gradient(z.size(), 1);
    density.log_density_gradient(z, log_p, gradient);
    at.log_p = log_p[0];
    at.gradient = gradient.col(0);
    return at;
  }

  /// @return whether some iterate gave a Gaussian with a finite ELBO
  bool run_path(Density& density, RandomStream& stream) {
    VectorXd start(approximation_.dimension());
    for (double& x : start) x = radius_ * (2 * stream.uniform() - 1);
    stream.fill_normal(noise_);
    Point here = evaluate(density, start);
    std::deque<VectorXd> steps, falls;
    VectorXd alpha = VectorXd::Ones(start.size());
    std::optional<Component> best;
    double best_elbo = -infinity;
    Index length = 0, best_iterate = 0, flat = 0;
    for (; here.finite() && length < iterations_; ++length) {
      Component component(here.z, here.gradient, alpha, steps, falls);
      if (const double elbo = component.usable() ? elbo_of(density, component) : -INFINITY;
          elbo > best_elbo) {
        best_elbo = elbo;
        best = component;
        best_iterate = length;
      }
      // A Newton step ends in the component's mean; without history a short one along the gradient.
      VectorXd direction = component.mean - here.z;
      if (steps.empty()) direction = here.gradient / std::max(1.0, here.gradient.norm());
      if (!component.usable() || !(direction.dot(here.gradient) > 0)) {
        steps.clear(), falls.clear();
        alpha.setOnes();
        direction = here.gradient / std::max(1.0, here.gradient.norm());
      }
      const std::optional<Point> next = climb(density, here, direction);
      if (!next) break;
      remember(next->z - here.z, here.gradient - next->gradient, steps, falls, alpha);
      const double rise = next->log_p - here.log_p;
      here = *next;
      flat = rise <= tolerance_ * std::max(1.0, std::abs(here.log_p)) ? flat + 1 : 0;
      if (flat == 3) break;
    }
    trace_ << std::max(best_, best_elbo), best_elbo, double(length), double(best_iterate);
    if (!best) return false;
    best_ = trace_[0];
    approximation_.add(std::move(*best));
    return true;
  }

  double elbo_of(Density& density, const Component& component) {
    double minus_log_q = 0;
    for (Index s = 0; s < noise_.cols(); ++s) {
      z_.col(s) = component.draw(noise_.col(s));
      minus_log_q -= component.log_density(noise_.col(s));
    }
    density.log_density(z_, log_p_);
    const double elbo = (log_p_.sum() + minus_log_q) / double(noise_.cols());
    return std::isfinite(elbo) ? elbo : -INFINITY;
  }

  /// Weak Wolfe conditions by bisection (Lewis & Overton 2013, algorithm 2.6).
  std::optional<Point> climb(Density& density, const Point& here, const VectorXd& direction) const {
    const double slope = here.gradient.dot(direction);
    double low = 0, high = INFINITY, t = 1;
    std::optional<Point> best;
    for (int i = 0; i < 50; ++i) {
      Point there = evaluate(density, here.z + t * direction);
      if (!there.finite() || !(there.log_p >= here.log_p + 1e-4 * t * slope)) {
        high = t;
      } else {
        const bool steep = there.gradient.dot(direction) > 0.9 * slope;
        best = std::move(there);
        if (!steep) return best;
        low = t;
      }
      t = std::isfinite(high) ? 0.5 * (low + high) : 2 * low;
    }
    return best;
  }

  /// Takes a pair in where the log density is concave along it, and updates the diagonal.
  void remember(const VectorXd& s, const VectorXd& y, std::deque<VectorXd>& steps,
                std::deque<VectorXd>& falls, VectorXd& alpha) const {
    const double b = y.dot(s);
    if (!(b > 0) || y.squaredNorm() > 1e12 * b) return;
    // Zhang et al. 2022, algorithm 3, line 9 (Gilbert & Lemarechal 1989).
    const double a = y.dot(alpha.cwiseProduct(y)), c = s.dot(s.cwiseQuotient(alpha));
    alpha = (a / b * alpha.cwiseInverse().array() + y.array().square() / b -
             a / (b * c) * s.cwiseQuotient(alpha).array().square())
                .inverse();
    steps.push_back(s);
    falls.push_back(y);
    if (Index(steps.size()) <= history_) return;
    steps.pop_front();
    falls.pop_front();
  }

  Index paths_, history_, iterations_;
  double radius_, tolerance_;
  Paths approximation_;
  MatrixXd noise_, z_;  ///< [D x elbo_draws]  the same noise for all iterates of a path
  VectorXd log_p_;      ///< [elbo_draws]
  VectorXd trace_;
  Index done_ = 0;
  double best_ = -infinity;
};

}  // namespace

ELBOW_PLUGIN(Pathfinder, options,
             {.name = "pathfinder",
              .summary = "Gaussians along quasi-Newton paths, the best of each path mixed",
              .source = "Zhang, Carpenter, Gelman & Vehtari 2022, algorithms 1-4",
              .needs_of_model = Ability::density | Ability::gradient,
              .uses_family = false,
              .uses_optimizer = false})
