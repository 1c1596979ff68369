#include <Eigen/Jacobi>
#include <Eigen/LU>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {reals("start", optional, "[D] where the search for the mode begins; zeros by default"),
          real("tolerance", 1e-10, "predicted gain of a Newton step that counts as the mode")
              .above(0)
              .unit("nats")};
}

/// N(m, F F^T) with a square factor F: z = m + F e.
class FactoredGaussian final : public Family, public ClosedEntropy, public GaussianForm {
 public:
  explicit FactoredGaussian(Index dimension)
      : mean_(parameters_.add("mean", dimension)),
        factor_(parameters_.add("factor", dimension, dimension)) {
    factor().setIdentity();
  }

  Parameters::Column<double> mean() { return parameters_.vector(mean_); }
  Parameters::Block<double> factor() { return parameters_.matrix(factor_); }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    sampled_ = noise;
    z.noalias() = factor() * noise;
    z.colwise() += mean();
    lu_.compute(factor());
    if (log_q.size() > 0) log_q = standard_log_density(sampled_);
  }
  // log q = -e^2/2 - log |det F| along z = m + F e.
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    phi.vector(mean_) += g_z.rowwise().sum();
    phi.matrix(factor_) += g_z * sampled_.transpose();
    if (g_log_q.size() > 0) phi.matrix(factor_) -= g_log_q.sum() * lu_.inverse().transpose();
  }

  void log_prob(Draws z, VectorOut log_q) override {
    lu_.compute(factor());
    scored_ = lu_.solve(z.colwise() - mean());
    log_q = standard_log_density(scored_);
  }
  // With u = F^-T e: dlog q/dz = -u, dlog q/dm = u, dlog q/dF = u e^T - F^-T.
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    lu_.compute(factor());
    const MatrixXd inverse = lu_.inverse().transpose();
    const MatrixXd weighted = inverse * (scored_ * w.asDiagonal());
    if (g_z.size() > 0) g_z = -weighted;
    if (!phi) return;
    phi.vector(mean_) += weighted.rowwise().sum();
    phi.matrix(factor_) += weighted * scored_.transpose() - w.sum() * inverse;
  }

  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override {
    lu_.compute(factor());
    return log_determinant() + 0.5 * double(dimension()) * (1 + log_2pi);
  }
  void entropy_pullback(double w, GradientOut phi) override {
    lu_.compute(factor());
    phi.matrix(factor_) += w * lu_.inverse().transpose();
  }

  GaussianForm* gaussian_form() override { return this; }
  void moments(VectorOut mean_out, DrawsOut covariance) override {
    mean_out = mean();
    covariance.noalias() = factor() * factor().transpose();
  }

 private:
  double log_determinant() const { return lu_.matrixLU().diagonal().array().abs().log().sum(); }
  VectorXd standard_log_density(const MatrixXd& e) const {
    const double normaliser = log_determinant() + 0.5 * double(e.rows()) * log_2pi;
    return -0.5 * e.colwise().squaredNorm().transpose().array() - normaliser;
  }

  Parameters parameters_;
  BlockId<double> mean_, factor_;
  Eigen::PartialPivLU<MatrixXd> lu_;
  MatrixXd sampled_, scored_;  ///< [D x S] e of the most recent sample, and log_prob
};

/// The Gaussian around the mode z* whose precision P is minus the Hessian of the log density there,
/// and log Z = log p(z*) + D/2 log 2 pi - 1/2 log |P|. One step is one Newton step with a line
/// search. All linear algebra is in coordinates divided by `scale_`, about the posterior's sds, so
/// that neither differences nor rounding depend on the units of a coordinate.
class Laplace final : public Estimator {
 public:
  explicit Laplace(const EstimatorSetup& setup)
      : tolerance_(setup.options.real("tolerance")),
        approximation_(setup.model.density()->dimension()),
        z_(VectorXd::Zero(approximation_.dimension())),
        points_(z_.size(), 4 * z_.size() + 1),
        block_(points_),
        log_p_(points_.cols()),
        precision_(z_.size(), z_.size()),
        vectors_(precision_),
        lambda_(z_.size()),
        value_(1) {
    const Index dimension = approximation_.dimension();
    if (setup.options.has("start")) {
      const VectorXd& start = setup.options.reals("start");
      if (start.size() != dimension)
        throw OptionError("start must have one number per dimension of the model, " +
                          std::to_string(dimension) + ", got " + std::to_string(start.size()));
      z_ = start;
    }
    scale_ = 0.1 * z_.cwiseAbs().cwiseMax(1);
  }

  std::vector<TraceField> trace_fields() const override {
    return {{"objective", "log density at the iterate", "nats"},
            {"log_evidence",
             "Laplace's log evidence with the curvature at the iterate; NaN where "
             "the precision is not positive definite",
             "nats"},
            {"predicted_gain", "rise of the log density that the Newton step promises", "nats"},
            {"smallest_eigenvalue",
             "of the precision in coordinates divided by their scale; below "
             "zero the iterate is not a maximum",
             ""}};
  }

  Family* approximation(Fit&) override { return &approximation_; }

  Progress step(Fit& fit, VectorOut trace) override {
    if (!fit.items.empty())
      throw Unsupported("the mode of a minibatch is not the posterior's: leave out batch_size");
    Density& density = *fit.model.density();
    const double dimension = double(z_.size());
    if (!differentiate(density)) {
      trace[0] = log_p_[0];
      return Progress::non_finite;
    }
    trace[0] = log_p_[0];
    const double floor = singular * lambda_.cwiseAbs().maxCoeff(), smallest = lambda_.minCoeff();
    const bool maximum = smallest > floor;

    // Where the curvature has the wrong sign the step goes uphill all the same, by its size.
    curvature_ = lambda_.cwiseAbs().cwiseMax(std::max(floor, std::numeric_limits<double>::min()));
    direction_ = block_.col(0).cwiseProduct(scale_);
    slope_.noalias() = vectors_.transpose() * direction_;
    const double gain = 0.5 * (slope_.array().square() / curvature_.array()).sum();
    approximation_.mean() = z_;
    for (Index j = 0; j < z_.size(); ++j)
      approximation_.factor().col(j) =
          scale_.cwiseProduct(vectors_.col(j)) / std::sqrt(curvature_[j]);
    trace[1] = maximum ? log_p_[0] + 0.5 * dimension * log_2pi - 0.5 * lambda_.array().log().sum() +
                             scale_.array().log().sum()
                       : not_a_number;
    trace[2] = gain;
    trace[3] = smallest;
    if (gain <= tolerance_) {
      if (maximum) return Progress::converged;
      // Curvature below the rounding errors may be above them once all scales are right.
      if (++rescalings_ > 10) return Progress::diverged;
      scale_ = next_scale_;
      return Progress::going;
    }

    slope_.array() /= curvature_.array();
    direction_.noalias() = vectors_ * slope_;
    direction_.array() *= scale_.array();
    return climb(density, gain) ? Progress::going : Progress::diverged;
  }

 private:
  /// Eigenvalues below this fraction of the largest are rounding errors of the differences.
  static constexpr double singular = 1e-8;

  /// Log density, gradient and precision at z_, the latter by central differences of order 4 of the
  /// gradient, as one block of points. @return false when a number is not finite
  bool differentiate(Density& density) {
    constexpr double h = 1e-3;
    constexpr double offsets[] = {-1, 1, -2, 2};
    const Index d = z_.size();
    points_.colwise() = z_;
    for (Index i = 0; i < d; ++i)
      for (Index k = 0; k < 4; ++k) points_(i, 1 + 4 * i + k) += offsets[k] * h * scale_[i];
    density.log_density_gradient(points_, log_p_, block_);
    if (!log_p_.allFinite() || !block_.allFinite()) return false;
    for (Index i = 0; i < d; ++i) {
      const auto at = block_.middleCols(1 + 4 * i, 4);
      precision_.col(i) = (8 * (at.col(0) - at.col(1)) - (at.col(2) - at.col(3))) / (12 * h);
      precision_.col(i).array() *= scale_.array();
    }
    for (Index i = 0; i < d; ++i)
      for (Index j = 0; j < i; ++j)
        precision_(i, j) = precision_(j, i) = 0.5 * (precision_(i, j) + precision_(j, i));
    next_scale_ = precision_.diagonal().cwiseAbs().cwiseSqrt().cwiseInverse();
    next_scale_ = scale_.cwiseProduct(next_scale_.cwiseMax(1e-3).cwiseMin(1e3));
    if (!precision_.allFinite()) return false;
    diagonalize();
    return true;
  }

  /// precision_ = vectors_ diag(lambda_) vectors_^T by cyclic Jacobi rotations, which find small
  /// eigenvalues of scaled matrices to their own precision, in place (Golub & Van Loan 2013, 8.5).
  void diagonalize() {
    const Index d = z_.size();
    const double largest = precision_.cwiseAbs().maxCoeff();
    vectors_.setIdentity();
    for (int sweep = 0; sweep < 50; ++sweep) {
      bool rotated = false;
      for (Index j = 1; j < d; ++j)
        for (Index i = 0; i < j; ++i) {
          const double coupling = std::abs(precision_(i, j));
          const double sizes = std::sqrt(std::abs(precision_(i, i) * precision_(j, j)));
          if (coupling <= std::max(1e-15 * sizes, 1e-20 * largest)) continue;
          Eigen::JacobiRotation<double> rotation;
          rotation.makeJacobi(precision_, i, j);
          precision_.applyOnTheLeft(i, j, rotation.adjoint());
          precision_.applyOnTheRight(i, j, rotation);
          vectors_.applyOnTheRight(i, j, rotation);
          rotated = true;
        }
      if (!rotated) break;
    }
    lambda_ = precision_.diagonal();
  }

  /// Armijo's rule with halving. @return false when no step along the direction goes up
  bool climb(Density& density, double gain) {
    const double rounding = 1e-14 * std::abs(log_p_[0]);
    for (double t = 1; t > 1e-12; t /= 2) {
      there_ = z_ + t * direction_;
      density.log_density(there_, value_);
      if (value_[0] >= log_p_[0] + 1e-4 * t * 2 * gain - rounding) {
        z_ = there_;
        scale_ = next_scale_;
        return true;
      }
    }
    return false;
  }

  double tolerance_;
  int rescalings_ = 0;
  FactoredGaussian approximation_;
  VectorXd z_, scale_, next_scale_;  ///< [D]
  MatrixXd points_, block_;          ///< [D x 4 D + 1]  z_ and the points around it, gradients
  VectorXd log_p_;                   ///< [4 D + 1]
  MatrixXd precision_, vectors_;     ///< [D x D]  scaled in its rows and columns; its eigenvectors
  VectorXd lambda_;                  ///< [D]  its eigenvalues
  VectorXd curvature_, slope_;       ///< [D]  along the eigenvectors
  VectorXd direction_, there_, value_;  ///< [D], [D], [1]  of the line search
};

}  // namespace

ELBOW_PLUGIN(Laplace, options,
             {.name = "laplace",
              .summary = "Gaussian around the mode, from the curvature there",
              .source = "Tierney & Kadane 1986; MacKay 2003, chapter 27",
              .needs_of_model = Ability::density | Ability::gradient,
              .uses_family = false,
              .uses_optimizer = false})
