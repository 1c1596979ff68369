#include <elbow/elbow.hpp>
#include <elbow/linear_algebra.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {choice("base", {"student", "gaussian"},
                 "distribution with ellipses for contours; a Gaussian one must have tails as heavy "
                 "as the target's, else the chain sticks in them"),
          real("degrees_of_freedom", 5.0, "of the student base").above(0),
          real("base_sd", 1.0,
               "standard deviation s of the base N(0, s^2 I), or scale of the student one, where "
               "no fit gives another; with base = \"gaussian\" and adapt = \"none\" and the "
               "model's own Gaussian prior this is the sampler of Murray et al.")
              .above(0),
          choice("adapt", {"covariance", "diagonal", "none"},
                 "what warm-up makes the base from: mean and covariance, or variances, of the "
                 "chain's draws; or nothing, which keeps the fit's or the one of base_sd")};
}

/// Gamma(shape, 1) by Marsaglia & Tsang 2000. @pre shape >= 1/2
double gamma(RandomStream& stream, double shape) {
  if (shape < 1) return gamma(stream, shape + 1) * std::pow(stream.uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.normal(), root = 1 + c * x, v = root * root * root;
    if (root > 0 && std::log(stream.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
      return d * v;
  }
}

/// The location m and the factor F of the base's scale F F^T, and the moments of a chain's window
/// that they are made from.
class Base {
 public:
  Base(Index dimension, double sd, bool diagonal)
      : centre_(Eigen::VectorXd::Zero(dimension)),
        factor_(sd * Eigen::MatrixXd::Identity(dimension, dimension)),
        window_(dimension, !diagonal) {}

  void use(const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance) {
    centre_ = mean;
    factor_ = cholesky_factor(covariance, "covariance of the fit");
  }

  const Eigen::VectorXd& centre() const { return centre_; }
  void spread(const Eigen::VectorXd& white, Eigen::VectorXd& out) const {
    out.noalias() = factor_.triangularView<Eigen::Lower>() * white;
  }
  void whiten(Eigen::VectorXd& x) const { factor_.triangularView<Eigen::Lower>().solveInPlace(x); }

  void add(Vector z) { window_.add(z); }

  /// A chain that has not moved in some coordinate keeps its old base.
  void close_window() {
    if (window_.factorise(factor_)) centre_ = window_.mean();
    window_.clear();
  }

 private:
  Eigen::VectorXd centre_;  ///< [D]
  Eigen::MatrixXd factor_;  ///< [D x D] lower triangle
  RunningCovariance window_;
};

/// Elliptical slice sampling of any density p: with a base b whose contours are ellipses, p is the
/// prior b times the likelihood p / b. A level under the likelihood at z; an ellipse through z,
/// drawn from the base; and uniform angles of it, which shrink towards z, until one is above the
/// level. Nothing is ever rejected, and no gradient is needed.
class EllipticalSlice final : public Sampler {
 public:
  explicit EllipticalSlice(const SamplerSetup& setup)
      : density_(*setup.model.density()),
        student_(setup.options.text("base") == "student"),
        freedom_(setup.options.real("degrees_of_freedom")),
        adapts_(setup.options.text("adapt") != "none"),
        windows_(setup.warmup) {
    const Index dimension = density_.dimension();
    Base base(dimension, setup.options.real("base_sd"), setup.options.text("adapt") == "diagonal");
    if (setup.fitted) {
      GaussianForm* form = setup.fitted->gaussian_form();
      if (!form) throw Unsupported("the fit before it must be of a Gaussian family");
      Eigen::VectorXd mean(dimension);
      Eigen::MatrixXd covariance(dimension, dimension);
      form->moments(mean, covariance);
      base.use(mean, covariance);
    }
    bases_.assign(std::size_t(setup.chains), base);
    for (Eigen::VectorXd* v : {&here_, &white_, &jump_, &jump_white_, &point_})
      v->resize(dimension);
    log_p_.resize(1);
  }

  std::vector<TraceField> statistics() const override {
    return {{"n_evaluations", "log densities of the transition", ""},
            {"angle", "absolute value of the angle moved on the ellipse, radians", ""},
            {"non_finite", "1 where the transition met an infinite or NaN density", ""}};
  }

  Progress transition(Transition& t) override {
    for (std::size_t c = 0; c < bases_.size(); ++c) move(t, Index(c), bases_[c]);
    return Progress::going;
  }

 private:
  void move(Transition& t, Index c, Base& base) {
    RandomStream& stream = t.streams[std::size_t(c)];
    here_ = t.z.col(c) - base.centre();
    white_ = here_;
    base.whiten(white_);
    const double square = white_.squaredNorm();
    stream.fill_normal(jump_white_);
    // The student base is a Gaussian of random scale; given z, the scale is inverse gamma
    // (Nishihara et al. 2014, eq. 12).
    if (student_)
      jump_white_ *= std::sqrt(0.5 * (freedom_ + square) /
                               gamma(stream, 0.5 * (freedom_ + double(here_.size()))));
    base.spread(jump_white_, jump_);
    const double level = t.log_density[c] - log_base(square) - stream.exponential();
    double angle = 2 * pi * stream.uniform(), high = angle, low = angle - 2 * pi;
    Index evaluations = 0;
    bool non_finite = false;
    for (;;) {
      const double cosine = std::cos(angle), sine = std::sin(angle);
      point_ = base.centre() + cosine * here_ + sine * jump_;
      density_.log_density(point_, log_p_);
      ++evaluations;
      non_finite |= !std::isfinite(log_p_[0]);
      const double there = (cosine * white_ + sine * jump_white_).squaredNorm();
      if (std::isfinite(log_p_[0]) && log_p_[0] - log_base(there) > level) break;
      (angle > 0 ? high : low) = angle;
      angle = low + (high - low) * stream.uniform();
      // A bracket that has shrunk to z itself leaves no other choice.
      if (high - low < 1e-14) {
        angle = 0;
        break;
      }
    }
    if (angle != 0) {
      t.z.col(c) = point_;
      t.log_density[c] = log_p_[0];
    }
    t.statistics.col(c) << double(evaluations), std::fabs(angle), double(non_finite);
    if (t.warmup && adapts_) adapt(t, c, base);
  }

  /// Log density of the base, but for a constant, by the squared Mahalanobis distance.
  double log_base(double square) const {
    return student_ ? -0.5 * (freedom_ + double(here_.size())) * std::log1p(square / freedom_)
                    : -0.5 * square;
  }

  void adapt(const Transition& t, Index c, Base& base) {
    if (windows_.gathers(t.iteration)) base.add(t.z.col(c));
    if (windows_.closes(t.iteration)) base.close_window();
  }

  Density& density_;
  bool student_;
  double freedom_;
  bool adapts_;
  WarmupWindows windows_;
  std::vector<Base> bases_;                                   ///< one per chain
  Eigen::VectorXd here_, white_, jump_, jump_white_, point_;  ///< [D]
  Eigen::VectorXd log_p_;                                     ///< [1]
};

}  // namespace

ELBOW_PLUGIN(EllipticalSlice, options,
             {.name = "elliptical_slice",
              .summary = "Slice sampling along ellipses of a Gaussian or Student base",
              .source = "Murray, Adams & MacKay 2010; Nishihara, Murray & Adams 2014, algorithm 2",
              .needs_of_model = Ability::density})
