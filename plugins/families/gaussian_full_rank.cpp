#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      real("initial_scale", 1.0, "standard deviation of every coordinate at the start").above(0)};
}

/// q(z) = N(z; m, L L^T), with phi = (m, log of L's diagonal, L below the diagonal column by
/// column). Standardised draws e = L^-1 (z - m).
class GaussianFullRank final : public Family,
                               public ClosedEntropy,
                               public GaussianForm,
                               public ClosedKl,
                               public NaturalGradient,
                               public Transport {
 public:
  explicit GaussianFullRank(const FamilySetup& setup)
      : mean_(parameters_.add("mean", setup.dimension)),
        log_diagonal_(parameters_.add("log_diagonal", setup.dimension)),
        lower_(parameters_.add("lower", setup.dimension * (setup.dimension - 1) / 2)),
        sample_factor_(Eigen::MatrixXd::Zero(setup.dimension, setup.dimension)),
        score_factor_(sample_factor_),
        gradient_(sample_factor_),
        column_(setup.dimension),
        solved_(setup.dimension) {
    parameters_.vector(log_diagonal_).setConstant(std::log(setup.options.real("initial_scale")));
  }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    unpack(parameters_, sample_factor_);
    auto e = room(sampled_, noise.cols());
    e = noise;
    z.noalias() = sample_factor_.triangularView<Eigen::Lower>() * e;
    z.colwise() += mean();
    if (log_q.size() > 0) standard_log_density(e, log_q);
  }

  // dz/dL = e^T on and below the diagonal; log q = -e^2/2 - sum log L_ii along z = m + L e.
  void sample_pullback(Draws g_z, Vector g_log_q, GradientOut phi) override {
    phi.vector(mean_) += g_z.rowwise().sum();
    gradient_.triangularView<Eigen::Lower>() = g_z * sampled_.leftCols(g_z.cols()).transpose();
    add_factor_gradient(sample_factor_, phi);
    if (g_log_q.size() > 0) phi.vector(log_diagonal_).array() -= g_log_q.sum();
  }

  void log_prob(Draws z, VectorOut log_q) override {
    unpack(parameters_, score_factor_);
    auto e = room(scored_, z.cols());
    e = z.colwise() - mean();
    score_factor_.triangularView<Eigen::Lower>().solveInPlace(e);
    standard_log_density(e, log_q);
  }

  // With u = L^-T e: dlog q/dz = -u, dlog q/dm = u, dlog q/dL = u e^T - diag(1 / L_ii).
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    const auto e = scored_.leftCols(w.size());
    auto weighted = room(weighted_, w.size());
    weighted = e * w.asDiagonal();
    score_factor_.triangularView<Eigen::Lower>().transpose().solveInPlace(weighted);
    if (g_z.size() > 0) g_z = -weighted;
    if (!phi) return;
    phi.vector(mean_) += weighted.rowwise().sum();
    gradient_.triangularView<Eigen::Lower>() = weighted * e.transpose();
    add_factor_gradient(score_factor_, phi);
    phi.vector(log_diagonal_).array() -= w.sum();
  }

  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override {
    return parameters_.vector(log_diagonal_).sum() + 0.5 * double(dimension()) * (1 + log_2pi);
  }
  void entropy_pullback(double w, GradientOut phi) override {
    phi.vector(log_diagonal_).array() += w;
  }

  GaussianForm* gaussian_form() override { return this; }
  void moments(VectorOut mean_out, DrawsOut covariance) override {
    mean_out = mean();
    unpack(parameters_, gradient_);
    gradient_.triangularView<Eigen::StrictlyUpper>().setZero();
    covariance.noalias() = gradient_ * gradient_.transpose();
  }

  // 1/2 (|L2^-1 L1|^2 + |L2^-1 (m1 - m2)|^2 - D) + log |L2| - log |L1|
  ClosedKl* closed_kl() override { return this; }
  double kl(const Parameters& other) override {
    Eigen::MatrixXd ratio = Eigen::MatrixXd::Zero(dimension(), dimension());
    Eigen::MatrixXd other_factor = ratio;
    unpack(parameters_, ratio);
    unpack(other, other_factor);
    Eigen::VectorXd shift = mean() - other.f64().segment(mean_.offset, dimension());
    other_factor.triangularView<Eigen::Lower>().solveInPlace(ratio);
    other_factor.triangularView<Eigen::Lower>().solveInPlace(shift);
    const double log_ratio =
        (other.f64().segment(log_diagonal_.offset, dimension()) - parameters_.vector(log_diagonal_))
            .sum();
    return 0.5 * (ratio.squaredNorm() + shift.squaredNorm() - double(dimension())) + log_ratio;
  }

  // A change dL = L A, A lower triangular, has the Fisher metric sum_(i>j) A_ij^2 + 2 sum A_ii^2,
  // so that A is the lower triangle of L^T dELBO/dL with half its diagonal; the mean has L L^T.
  NaturalGradient* natural_gradient() override { return this; }
  void precondition(GradientOut gradient) override {
    unpack(parameters_, sample_factor_);
    auto to_mean = gradient.vector(mean_);
    auto to_diagonal = gradient.vector(log_diagonal_);
    auto to_lower = gradient.vector(lower_);
    column_.noalias() = sample_factor_.transpose() * to_mean;
    to_mean.noalias() = sample_factor_ * column_;
    Index at = 0;
    for (Index j = 0; j < dimension(); ++j) {
      const Index below = dimension() - j - 1;
      column_.head(j).setZero();
      column_[j] = to_diagonal[j] / sample_factor_(j, j);
      column_.tail(below) = to_lower.segment(at, below);
      solved_.noalias() = sample_factor_.transpose() * column_;
      solved_.head(j).setZero();
      solved_[j] *= 0.5;
      column_.noalias() = sample_factor_ * solved_;
      to_diagonal[j] = column_[j] / sample_factor_(j, j);
      to_lower.segment(at, below) = column_.tail(below);
      at += below;
    }
  }
  void retract(GradientOut direction, double step) override {
    mean() += step * direction.vector(mean_);
    parameters_.vector(log_diagonal_) += step * direction.vector(log_diagonal_);
    parameters_.vector(lower_) += step * direction.vector(lower_);
  }

  Transport* transport_map() override { return this; }
  void transport(Draws e, DrawsOut z, VectorOut log_q) override { sample(e, z, log_q); }
  void transport_pullback(Draws g_z, Vector g_log_q, DrawsOut g_e) override {
    g_e.noalias() = sample_factor_.triangularView<Eigen::Lower>().transpose() * g_z;
    g_e -= sampled_.leftCols(g_z.cols()) * g_log_q.asDiagonal();
  }

 private:
  Parameters::Column<double> mean() { return parameters_.vector(mean_); }

  /// Writes L into the lower triangle of `factor`.
  void unpack(const Parameters& from, Eigen::MatrixXd& factor) const {
    factor.diagonal() = from.f64().segment(log_diagonal_.offset, dimension()).array().exp();
    Index at = lower_.offset;
    for (Index column = 0; column < dimension(); ++column) {
      const Index below = dimension() - column - 1;
      factor.col(column).tail(below) = from.f64().segment(at, below);
      at += below;
    }
  }

  /// Adds the gradient with respect to L, in the lower triangle of `gradient_`, to phi's.
  void add_factor_gradient(const Eigen::MatrixXd& factor, GradientOut phi) const {
    phi.vector(log_diagonal_) += factor.diagonal().cwiseProduct(gradient_.diagonal());
    Index at = 0;
    for (Index column = 0; column < dimension(); ++column) {
      const Index below = dimension() - column - 1;
      phi.vector(lower_).segment(at, below) += gradient_.col(column).tail(below);
      at += below;
    }
  }

  /// log N(e; 0, I) - log |L|
  void standard_log_density(Draws e, VectorOut log_q) {
    const double normaliser =
        parameters_.vector(log_diagonal_).sum() + 0.5 * double(dimension()) * log_2pi;
    for (Index s = 0; s < e.cols(); ++s) log_q[s] = -0.5 * e.col(s).squaredNorm() - normaliser;
  }

  /// The columns of `kept` only grow, so that calls of several sizes in turn do not allocate.
  Eigen::Ref<Eigen::MatrixXd> room(Eigen::MatrixXd& kept, Index draws) const {
    if (kept.cols() < draws) kept.resize(dimension(), draws);
    return kept.leftCols(draws);
  }

  Parameters parameters_;
  BlockId<double> mean_, log_diagonal_, lower_;
  Eigen::MatrixXd sample_factor_, score_factor_;  ///< L of the most recent sample, and log_prob
  Eigen::MatrixXd gradient_;                      ///< [D x D]
  Eigen::VectorXd column_, solved_;               ///< [D]
  Eigen::MatrixXd sampled_, scored_;  ///< [D x S] e of the most recent sample, and log_prob
  Eigen::MatrixXd weighted_;          ///< [D x S]
};

}  // namespace

ELBOW_PLUGIN(GaussianFullRank, options,
             {.name = "gaussian_full_rank",
              .summary = "Gaussian with any covariance, by its Cholesky factor",
              .provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy |
                          Ability::gaussian_form | Ability::closed_kl | Ability::natural_gradient |
                          Ability::transport})
