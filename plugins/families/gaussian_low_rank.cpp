#include <Eigen/Cholesky>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      integer("rank", 5, "k, columns of the factor that correlates the coordinates").at_least(1),
      real("initial_scale", 1.0, "standard deviation of every coordinate at the start").above(0),
      real("initial_factor", 0.1,
           "share of that standard deviation that the factor's random columns have; a factor "
           "of zeros is a stationary point")
          .above(0)
          .below(1)};
}

/// The covariance S (I + U U^T) S, S = diag(sd), through the k x k matrix C = I + U^T U: the matrix
/// determinant lemma gives |I + U U^T| = |C|, Woodbury's identity (I + U U^T)^-1 = I - U C^-1 U^T.
struct Woodbury {
  /// The condition number of C beyond which rounding eats up its least eigenvalues, on which every
  /// density depends: the determinant then is NaN and not a number that looks like one.
  static constexpr double largest_condition = 1e14;

  VectorXd sd, inverse_sd;          ///< [D]
  MatrixXd u, w;                    ///< [D x k]  U, and U C^-1
  Eigen::LLT<MatrixXd> core;        ///< of C
  MatrixXd c;                       ///< [k x k]
  double half_log_determinant = 0;  ///< of the covariance

  void compute(Vector log_sd, Draws factor) {
    sd = log_sd.array().exp();
    inverse_sd = (-log_sd.array()).exp();
    u = factor;
    u.array().colwise() *= inverse_sd.array();
    c.setIdentity(u.cols(), u.cols());
    c.noalias() += u.transpose() * u;
    core.compute(c);
    // By solving: C^-1 itself would lose the square root of its condition number more digits.
    w = u;
    core.matrixU().solveInPlace<Eigen::OnTheRight>(w);
    core.matrixL().solveInPlace<Eigen::OnTheRight>(w);
    const auto pivots = core.matrixLLT().diagonal().array();
    const double ratio = pivots.maxCoeff() / pivots.minCoeff();
    const bool regular = core.info() == Eigen::Success && ratio * ratio < largest_condition;
    half_log_determinant = regular ? log_sd.sum() + pivots.log().sum() : not_a_number;
  }
  /// sd_i^2 times the i-th diagonal element of the precision. [D]
  auto relative_precision() const { return 1 - u.cwiseProduct(w).rowwise().sum().array(); }
};

/// q(z) = N(z; m, diag(s^2) + B B^T) with phi = (m, log s, B), sampled as z = m + s e + B f.
/// The quadratic form of y = (z - m) / s is |r|^2 + |a|^2 with a = C^-1 U^T y, r = y - U a, U =
/// B/s: a sum, where Woodbury's difference would cancel.
class GaussianLowRank final : public Family,
                              public ClosedEntropy,
                              public GaussianForm,
                              public ClosedKl,
                              public Transport {
 public:
  explicit GaussianLowRank(const FamilySetup& setup)
      : mean_(parameters_.add("mean", setup.dimension)),
        log_sd_(parameters_.add("log_sd", setup.dimension)),
        factor_(parameters_.add("factor", setup.dimension, setup.options.integer("rank"))) {
    const double scale = setup.options.real("initial_scale");
    const double share = setup.options.real("initial_factor");
    RandomStream stream = setup.init_stream;
    stream.fill_normal(factor());
    factor().rowwise().normalize();
    factor() *= share * scale;
    log_sd().setConstant(std::log(scale) + 0.5 * std::log1p(-share * share));
  }

  Index dimension() const override { return mean_.rows; }
  NoiseShape noise() const override { return {dimension() + factor_.cols, 0}; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    covariance_.compute(log_sd(), factor());
    sampled_.resize(*this, noise.cols());
    if (noise_.cols() < noise.cols()) noise_.resize(noise.rows(), noise.cols());
    noise_.leftCols(noise.cols()) = noise;
    auto y = sampled_.r.leftCols(noise.cols());
    y = noise.topRows(dimension());
    y.noalias() += covariance_.u * noise.bottomRows(factor_.cols);
    z = covariance_.sd.asDiagonal() * y;
    z.colwise() += mean();
    sampled_.solved = false;
    if (log_q.size() > 0) standard_log_density(sampled_, log_q);
  }

  // Along z = T(noise; phi), log q depends on phi directly and through z.
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    const Index draws = g_z.cols();
    auto g = total_.leftCols(draws);
    g = g_z;
    if (g_log_q.size() > 0) {
      sampled_.solve(covariance_);
      add_score(sampled_, g_log_q, phi);
      g -= weighted_.leftCols(draws);
    }
    const auto e = noise_.topRows(dimension()).leftCols(draws);
    const auto f = noise_.bottomRows(factor_.cols).leftCols(draws);
    phi.vector(mean_) += g.rowwise().sum();
    phi.matrix(factor_).noalias() += g * f.transpose();
    g.array() *= e.array();
    phi.vector(log_sd_) += covariance_.sd.cwiseProduct(g.rowwise().sum());
  }

  void log_prob(Draws z, VectorOut log_q) override {
    covariance_.compute(log_sd(), factor());
    scored_.resize(*this, z.cols());
    scored_.r.leftCols(z.cols()) = covariance_.inverse_sd.asDiagonal() * (z.colwise() - mean());
    scored_.solved = false;
    standard_log_density(scored_, log_q);
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    if (phi)
      add_score(scored_, w, phi);
    else
      weigh(scored_, w);
    if (g_z.size() > 0) g_z = -weighted_.leftCols(w.size());
  }

  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override {
    covariance_.compute(log_sd(), factor());
    return covariance_.half_log_determinant + 0.5 * double(dimension()) * (1 + log_2pi);
  }
  void entropy_pullback(double w, GradientOut phi) override {
    covariance_.compute(log_sd(), factor());
    add_log_determinant(w, phi);
  }

  GaussianForm* gaussian_form() override { return this; }
  void moments(VectorOut mean_out, DrawsOut covariance) override {
    mean_out = mean();
    covariance.noalias() = factor() * factor().transpose();
    covariance.diagonal().array() += (2 * log_sd().array()).exp();
  }

  // 1/2 (tr S2^-1 S1 + |m1 - m2|^2 in the metric S2^-1 - D) + 1/2 log |S2| / |S1|
  ClosedKl* closed_kl() override { return this; }
  double kl(const Parameters& other) override {
    const Index d = dimension(), k = factor_.cols;
    const auto flat = other.f64().segment(factor_.offset, d * k);
    Woodbury to;
    to.compute(other.f64().segment(log_sd_.offset, d), flat.reshaped(d, k));
    covariance_.compute(log_sd(), factor());
    MatrixXd y(d, k + 1);  // S1's factor and the shift, in units of the other's sds
    y << factor(), mean() - other.f64().segment(mean_.offset, d);
    y.array().colwise() *= to.inverse_sd.array();
    const MatrixXd a = to.w.transpose() * y;
    const double from_factor = (y - to.u * a).squaredNorm() + a.squaredNorm();
    const double from_sd =
        ((covariance_.sd.array() * to.inverse_sd.array()).square() * to.relative_precision()).sum();
    return 0.5 * (from_sd + from_factor - double(d)) + to.half_log_determinant -
           covariance_.half_log_determinant;
  }

  // A = I + U R U^T needs D normals where `sample` takes D + k. A A^T = I + U U^T for R = (I +
  // K)^-1 with K the Cholesky factor of C = I + U^T U: R + R^T + R (K K^T - I) R^T = I.
  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override {
    covariance_.compute(log_sd(), factor());
    square_ = covariance_.core.matrixLLT();
    square_.diagonal().array() += 1;
    root_.setIdentity(square_.rows(), square_.cols());
    square_.triangularView<Eigen::Lower>().solveInPlace(root_);
    turned_root_ = root_.transpose();
    if (noise_.cols() < e.cols()) noise_.resize(noise().rows(), e.cols());
    noise_.topRows(dimension()).leftCols(e.cols()) = e;
    multiply(root_, e, z);
    z = covariance_.sd.asDiagonal() * z;
    z.colwise() += mean();
    log_q = -0.5 * e.colwise().squaredNorm().transpose();
    log_q.array() -= covariance_.half_log_determinant + 0.5 * double(dimension()) * log_2pi;
  }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    g_e = covariance_.sd.asDiagonal() * g_z;
    multiply(turned_root_, g_e, g_e);
    g_e -= noise_.topRows(dimension()).leftCols(g_z.cols()) * g_log_q.asDiagonal();
  }

 private:
  /// What a block of points comes to. Columns only grow, so that calls of several sizes in turn do
  /// not allocate.
  struct Points {
    MatrixXd r;  ///< [D x S]  y until solved
    MatrixXd a;  ///< [k x S]
    Index count = 0;
    bool solved = false;

    void resize(GaussianLowRank& q, Index draws) {
      count = draws;
      if (r.cols() < draws) {
        r.resize(q.dimension(), draws);
        a.resize(q.factor_.cols, draws);
      }
      if (q.weighted_.cols() < draws) {
        q.weighted_.resize(q.dimension(), draws);
        q.total_.resize(q.dimension(), draws);
      }
    }
    void solve(const Woodbury& covariance) {
      if (solved) return;
      a.leftCols(count).noalias() = covariance.w.transpose() * r.leftCols(count);
      r.leftCols(count).noalias() -= covariance.u * a.leftCols(count);
      solved = true;
    }
  };

  Parameters::Column<double> mean() { return parameters_.vector(mean_); }
  Parameters::Column<double> log_sd() { return parameters_.vector(log_sd_); }
  Parameters::Block<double> factor() { return parameters_.matrix(factor_); }

  void standard_log_density(Points& points, VectorOut log_q) {
    points.solve(covariance_);
    const double normaliser =
        covariance_.half_log_determinant + 0.5 * double(dimension()) * log_2pi;
    for (Index s = 0; s < points.count; ++s)
      log_q[s] =
          -0.5 * (points.r.col(s).squaredNorm() + points.a.col(s).squaredNorm()) - normaliser;
  }

  /// weighted_ = w v with v = covariance^-1 (z - m) = r / s: minus the gradient by z.
  void weigh(const Points& points, Vector w) {
    auto weighted = weighted_.leftCols(w.size());
    weighted = covariance_.inverse_sd.asDiagonal() * points.r.leftCols(w.size());
    weighted *= w.asDiagonal();
  }

  // dlog q/dm = v, dlog q/dB = v a^T - d(log |.|/2)/dB because B^T v = a, and
  // dlog q/dlog s = r^2 - d(log |.|/2)/dlog s.
  void add_score(const Points& points, Vector w, GradientOut phi) {
    weigh(points, w);
    const auto weighted = weighted_.leftCols(w.size());
    phi.vector(mean_) += weighted.rowwise().sum();
    phi.matrix(factor_).noalias() += weighted * points.a.leftCols(w.size()).transpose();
    for (Index s = 0; s < w.size(); ++s)
      phi.vector(log_sd_).array() += w[s] * points.r.col(s).array().square();
    add_log_determinant(-w.sum(), phi);
  }

  /// y = (I + U R U^T) x; y may be x.
  void multiply(const MatrixXd& r, Draws x, DrawsOut y) {
    const Index draws = x.cols();
    if (projected_.cols() < draws) {
      projected_.resize(factor_.cols, draws);
      rooted_.resize(factor_.cols, draws);
    }
    auto projected = projected_.leftCols(draws), rooted = rooted_.leftCols(draws);
    projected.noalias() = covariance_.u.transpose() * x;
    rooted.noalias() = r * projected;
    y = x;
    y.noalias() += covariance_.u * rooted;
  }

  /// Adds w d(log |covariance| / 2)/dphi.
  void add_log_determinant(double w, GradientOut phi) const {
    phi.vector(log_sd_).array() += w * covariance_.relative_precision();
    phi.matrix(factor_) += w * (covariance_.inverse_sd.asDiagonal() * covariance_.w);
  }

  Parameters parameters_;
  BlockId<double> mean_, log_sd_, factor_;
  Woodbury covariance_;        ///< at the most recent call's parameters
  Points sampled_, scored_;    ///< of the most recent sample, and of the most recent log_prob
  MatrixXd noise_;             ///< [D + k x S]  of the most recent sample
  MatrixXd weighted_, total_;  ///< [D x S]
  MatrixXd square_, root_, turned_root_;  ///< [k x k]  I + K, R and its transpose
  MatrixXd projected_, rooted_;           ///< [k x S]
};

}  // namespace

ELBOW_PLUGIN(GaussianLowRank, options,
             {.name = "gaussian_low_rank",
              .summary = "Gaussian whose covariance is a diagonal plus a matrix of low rank",
              .source = "Ong, Nott & Smith 2018, section 3",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy |
                          Ability::gaussian_form | Ability::closed_kl | Ability::transport})
