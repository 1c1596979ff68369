#include <Eigen/Cholesky>
#include <elbow/design_matrix.hpp>
#include <elbow/elbow.hpp>
#include <elbow/linear_algebra.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = design_options();
  all.push_back(real("noise_sd", 1.0, "known standard deviation of the response").above(0));
  all.push_back(
      real("prior_scale", 1.0, "standard deviation of every coefficient a priori").above(0));
  return all;
}

/// q(beta) = N(m, P^-1), phi = (m, P): the whole posterior, of which conjugate updates set the
/// numbers.
class CoefficientsFamily final : public Family, public GaussianForm {
 public:
  explicit CoefficientsFamily(Index dimension)
      : mean_(parameters_.add("mean", dimension)),
        precision_(parameters_.add("precision", dimension, dimension)) {
    precision().setIdentity();
  }

  Parameters::Column<double> mean() { return parameters_.vector(mean_); }
  Parameters::Block<double> precision() { return parameters_.matrix(precision_); }

  Index dimension() const override { return mean_.rows; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    llt_.compute(precision());
    z = llt_.matrixU().solve(noise).colwise() + mean();
    if (log_q.size() > 0) log_q = standard_log_density(noise);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    llt_.compute(precision());
    scored_ = z.colwise() - mean();
    log_q = standard_log_density(llt_.matrixU() * scored_);
  }
  // dlog q/dP = (P^-1 - (z - m) (z - m)^T) / 2, as P's elements vary on their own.
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    const Eigen::MatrixXd pull = precision() * (scored_ * w.asDiagonal());
    if (g_z.size() > 0) g_z = -pull;
    if (!phi) return;
    phi.vector(mean_) += pull.rowwise().sum();
    phi.matrix(precision_) +=
        0.5 * w.sum() * llt_.solve(Eigen::MatrixXd::Identity(dimension(), dimension())) -
        0.5 * scored_ * w.asDiagonal() * scored_.transpose();
  }

  GaussianForm* gaussian_form() override { return this; }
  void moments(VectorOut mean_out, DrawsOut covariance) override {
    mean_out = mean();
    covariance = precision().llt().solve(Eigen::MatrixXd::Identity(dimension(), dimension()));
  }

 private:
  Eigen::VectorXd standard_log_density(const Eigen::MatrixXd& e) const {
    const double log_det = llt_.matrixLLT().diagonal().array().log().sum();
    return -0.5 * (e.colwise().squaredNorm().transpose().array() + double(e.rows()) * log_2pi) +
           log_det;
  }

  Parameters parameters_;
  BlockId<double> mean_, precision_;
  Eigen::LLT<Eigen::MatrixXd> llt_;
  Eigen::MatrixXd scored_;  ///< [D x S]  z - m of the most recent log_prob
};

/// y ~ N(X beta, noise_sd^2 I), beta ~ N(0, prior_scale^2 I): conjugate, so that the posterior is
/// N(m, P^-1) with P = X^T X / noise_sd^2 + I / prior_scale^2 (Bishop 2006, section 3.3).
class LinearRegression final : public Model, public Density, public Conjugate, public Reference {
 public:
  explicit LinearRegression(const ModelSetup& setup)
      : noise_sd_(setup.options.real("noise_sd")), prior_scale_(setup.options.real("prior_scale")) {
    DesignMatrix design = design_matrix(setup.options, setup.data_stream.substream(0));
    x_ = std::move(design.x);
    y_ = std::move(design.response);
    names_ = std::move(design.names);
    from_prior_ = setup.from_prior;
    if (y_.size() == 0 || setup.from_prior) {
      truth_.resize(x_.cols());
      setup.data_stream.substream(1).fill_normal(truth_);
      truth_ *= prior_scale_;
      y_.resize(x_.rows());
      setup.data_stream.substream(2).fill_normal(y_);
      y_ = noise_sd_ * y_ + x_ * truth_;
    }
    solve();
    q_ = std::make_unique<CoefficientsFamily>(dimension());
  }

  Density* density() override { return this; }
  Conjugate* conjugate() override { return this; }
  Reference* reference() override { return this; }
  Eigen::VectorXd truth() const override { return from_prior_ ? truth_ : Eigen::VectorXd(); }
  std::vector<DataArray> data() const override {
    std::vector<DataArray> all = {{{"y", {y_.size()}, {"item"}, ""}, y_, true}};
    if (x_.size() <= stored_numbers)
      all.push_back(
          {{"x", {x_.rows(), x_.cols()}, {"item", "coefficient"}, ""}, x_.reshaped(), false});
    if (truth_.size() > 0)
      all.push_back({{"true_beta", {x_.cols()}, {"coefficient"}, ""}, truth_, false});
    return all;
  }
  std::vector<Coordinate> coordinates() const override { return {{"coefficient", names_}}; }

  Index dimension() const override { return x_.cols(); }
  std::vector<Variable> variables() const override {
    return {{"beta", {x_.cols()}, {"coefficient"}, ""}};
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }

  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    if (chosen_y_.size() > 0)
      minibatch_density(z, log_p, gradient);
    else
      full_density(z, log_p, gradient);
    mark_outside_support(z, log_p, gradient);
  }

  Index item_count() const override { return x_.rows(); }
  void use_items(std::span<const Index> items) override {
    const Index count = Index(items.size());
    if (chosen_y_.size() != count) {
      chosen_x_.resize(x_.cols(), count);
      chosen_y_.resize(count);
    }
    for (Index b = 0; b < count; ++b) {
      chosen_x_.col(b) = x_.row(items[std::size_t(b)]);
      chosen_y_[b] = y_[items[std::size_t(b)]];
    }
    chosen_x_transposed_ = chosen_x_.transpose();
  }

  // All coefficients are one block, whose optimum is the posterior itself.
  Index block_count() const override { return 1; }
  void update_block(Index) override {
    q_->mean() = mean_;
    q_->precision() = precision_;
  }
  /// log evidence - KL(q || posterior).
  double elbo() override {
    llt_.compute(q_->precision());
    const double half_log_det = llt_.matrixLLT().diagonal().array().log().sum();
    solved_ = precision_;
    llt_.solveInPlace(solved_);
    off_ = q_->mean() - mean_;
    pull_.noalias() = precision_ * off_;
    return log_evidence_ - 0.5 * (solved_.trace() + off_.dot(pull_) - double(dimension())) +
           factor_.diagonal().array().log().sum() - half_log_det;
  }
  void initialize(RandomStream& stream) override {
    for (double& m : q_->mean()) m = prior_scale_ * stream.normal();
    q_->precision().setIdentity();
    q_->precision() /= prior_scale_ * prior_scale_;
  }

  /// P m, then -P / 2 column by column.
  Index natural_dimension() const override { return dimension() * (dimension() + 1); }
  void natural_parameters(VectorOut lambda) const override {
    lambda.head(dimension()).noalias() = q_->precision() * q_->mean();
    lambda.tail(dimension() * dimension()) = -0.5 * q_->precision().reshaped();
  }
  void set_natural_parameters(Vector lambda) override {
    q_->precision().reshaped() = -2 * lambda.tail(dimension() * dimension());
    llt_.compute(q_->precision());
    q_->mean() = lambda.head(dimension());
    auto mean = q_->mean();
    llt_.solveInPlace(mean);
  }
  void estimate_natural_parameters(std::span<const Index> items, VectorOut lambda_hat) override {
    const double scale = double(y_.size()) / (double(items.size()) * noise_sd_ * noise_sd_);
    lambda_hat.setZero();
    auto pull = lambda_hat.head(dimension());
    auto half = lambda_hat.tail(dimension() * dimension()).reshaped(dimension(), dimension());
    half.diagonal().setConstant(-0.5 / (prior_scale_ * prior_scale_));
    for (const Index i : items) {
      pull += scale * y_[i] * x_.row(i).transpose();
      half.noalias() -= 0.5 * scale * x_.row(i).transpose() * x_.row(i);
    }
  }
  Family& approximation() override { return *q_; }

  std::optional<Estimate> log_evidence() const override { return Estimate{log_evidence_}; }
  std::optional<Moments> moments() const override {
    const Eigen::VectorXd zeros = Eigen::VectorXd::Zero(dimension());
    return Moments{mean_, covariance_.diagonal().cwiseSqrt(), zeros, zeros};
  }
  std::optional<Gaussian> gaussian() const override { return Gaussian{mean_, covariance_}; }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    Eigen::MatrixXd noise(z.rows(), z.cols());
    stream.fill_normal(noise);
    z = factor_transposed_.triangularView<Eigen::Upper>().solve(noise).colwise() + mean_;
  }

 private:
  static constexpr Index stored_numbers = 1'000'000;

  /// The posterior and the evidence, log N(y; 0, noise_sd^2 I + prior_scale^2 X X^T), by the
  /// determinant lemma.
  void solve() {
    const Index dimensions = x_.cols();
    const double noise_precision = 1 / (noise_sd_ * noise_sd_);
    const double prior_precision = 1 / (prior_scale_ * prior_scale_);
    precision_ = noise_precision * (x_.transpose() * x_);
    precision_.diagonal().array() += prior_precision;
    const Eigen::LLT<Eigen::MatrixXd> llt(precision_);
    mean_ = llt.solve(noise_precision * (x_.transpose() * y_));
    covariance_ = llt.solve(Eigen::MatrixXd::Identity(dimensions, dimensions));
    factor_ = llt.matrixL();
    factor_transposed_ = factor_.transpose();
    const double log_det_factor = factor_.diagonal().array().log().sum();
    const double items = double(y_.size());
    log_evidence_ = -0.5 * items * log_2pi - items * std::log(noise_sd_) -
                    double(dimensions) * std::log(prior_scale_) - log_det_factor -
                    0.5 * (noise_precision * (y_ - x_ * mean_).squaredNorm() +
                           prior_precision * mean_.squaredNorm());
    peak_ = log_evidence_ - 0.5 * double(dimensions) * log_2pi + log_det_factor;
  }

  // With P = L L^T and u = L^T (z - m): log p = peak - |u|^2 / 2, and its gradient is -L u.
  void full_density(Draws z, VectorOut log_p, DrawsOut gradient) {
    reserve(dimension(), z.cols());
    auto centred = centred_.leftCols(z.cols());
    auto white = work_.leftCols(z.cols());
    centred = z.colwise() - mean_;
    white.setZero();
    add_product(1, factor_transposed_, centred, white);
    log_p = -0.5 * white.colwise().squaredNorm().transpose();
    log_p.array() += peak_;
    if (gradient.size() == 0) return;
    gradient.setZero();
    add_product(-1, factor_, white, gradient);
  }

  void minibatch_density(Draws z, VectorOut log_p, DrawsOut gradient) {
    const double batch = double(chosen_y_.size());
    const double weight = double(y_.size()) / batch;
    const double noise_precision = 1 / (noise_sd_ * noise_sd_);
    const double prior_precision = 1 / (prior_scale_ * prior_scale_);
    reserve(chosen_y_.size(), z.cols());
    auto residual = work_.leftCols(z.cols());
    residual.colwise() = chosen_y_;
    add_product(-1, chosen_x_transposed_, z, residual);
    log_p = -0.5 * (weight * noise_precision * residual.colwise().squaredNorm() +
                    prior_precision * z.colwise().squaredNorm())
                       .transpose();
    log_p.array() -= weight * batch * (0.5 * log_2pi + std::log(noise_sd_)) +
                     double(dimension()) * (0.5 * log_2pi + std::log(prior_scale_));
    if (gradient.size() == 0) return;
    gradient = -prior_precision * z;
    add_product(weight * noise_precision, chosen_x_, residual, gradient);
  }

  void reserve(Index work_rows, Index draws) {
    if (work_.rows() != work_rows || work_.cols() < draws) work_.resize(work_rows, draws);
    if (centred_.cols() < draws) centred_.resize(dimension(), draws);
  }

  double noise_sd_, prior_scale_;
  Eigen::MatrixXd x_;  ///< [N x D]
  Eigen::VectorXd y_, truth_;
  bool from_prior_;
  std::vector<std::string> names_;

  Eigen::VectorXd mean_;
  Eigen::MatrixXd precision_, covariance_, factor_, factor_transposed_;  ///< P = L L^T
  std::unique_ptr<CoefficientsFamily> q_;
  Eigen::LLT<Eigen::MatrixXd> llt_;  ///< of q's precision
  Eigen::MatrixXd solved_;           ///< [D x D]
  Eigen::VectorXd off_, pull_;       ///< [D]
  double log_evidence_ = 0;
  double peak_ = 0;  ///< the log density at its maximum

  Eigen::MatrixXd chosen_x_, chosen_x_transposed_;  ///< [D x B] and [B x D]
  Eigen::VectorXd chosen_y_;                        ///< [B]; empty: all items

  Eigen::MatrixXd centred_, work_;
};

}  // namespace

ELBOW_PLUGIN(LinearRegression, options,
             {.name = "linear_regression",
              .summary = "Gaussian responses with known noise: conjugate, everything known",
              .source = "Bishop 2006, section 3.3",
              .provides = Ability::density | Ability::gradient | Ability::minibatch |
                          Ability::conjugate | Ability::reference | Ability::prior_predictive})
