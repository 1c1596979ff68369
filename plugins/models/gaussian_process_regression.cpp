#include <Eigen/Cholesky>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      table("data", optional, "inputs, then the response as last column; by default generated"),
      integer("items", 40, "generated: N, with inputs uniform on (0, 10)").at_least(1),
      choice("infer", {"function", "hyperparameters"},
             "the values of the function at the inputs, hyperparameters being known; the "
             "hyperparameters, the function being integrated out")
          .when({.value = "function", .provides = Ability::reference}),
      real("length_scale", 1.0, "of the squared-exponential kernel; median of its prior").above(0),
      real("kernel_sd", 1.0, "standard deviation of the function; median of its prior").above(0),
      real("noise_sd", 0.3, "of the response; median of its prior").above(0),
      real("prior_log_sd", 1.0, "sd of the hyperparameters' logarithms a priori").above(0)};
}

/// y ~ N(f, noise^2 I), f ~ GP(0, kernel_sd^2 exp(-|x - x'|^2 / (2 length^2))).
///
/// function: f = L v with K = L L^T and z = v ~ N(0, I), so that the posterior is Gaussian and the
/// evidence log N(y; 0, K + noise^2 I). hyperparameters: z = (log length, log kernel_sd, log
/// noise_sd), normal a priori, with that evidence as the likelihood (Rasmussen & Williams 2006,
/// eq. 2.30 and 5.9).
class GaussianProcessRegression final : public Model, public Density, public Reference {
 public:
  explicit GaussianProcessRegression(const ModelSetup& setup)
      : function_(setup.options.text("infer") == "function"),
        prior_sd_(setup.options.real("prior_log_sd")),
        centre_(std::log(setup.options.real("length_scale")),
                std::log(setup.options.real("kernel_sd")),
                std::log(setup.options.real("noise_sd"))) {
    if (setup.options.has("data")) {
      const MatrixXd& values = setup.options.table("data").values;
      if (values.cols() < 2 || values.rows() == 0 || !values.allFinite())
        throw OptionError("data must be at least one input and the response, finite, got " +
                          std::to_string(values.rows()) + " rows of " +
                          std::to_string(values.cols()));
      x_ = values.leftCols(values.cols() - 1);
      y_ = values.rightCols(1);
    } else {
      x_.resize(setup.options.integer("items"), 1);
      setup.data_stream.substream(0).fill_uniform(x_);
      x_ *= 10;
      y_.resize(x_.rows());
    }
    squares_.resize(items(), items());
    for (Index j = 0; j < items(); ++j)
      squares_.col(j) = (x_.rowwise() - x_.row(j)).rowwise().squaredNorm();
    kernel_.resize(items(), items());
    fill_kernel(centre_);
    factor_ = kernel_.llt().matrixL();
    if (!setup.options.has("data")) {
      VectorXd noise(items());
      setup.data_stream.substream(1).fill_normal(noise);
      setup.data_stream.substream(2).fill_normal(y_);
      truth_ = factor_ * noise;
      y_ = truth_ + noise_sd() * y_;
    }
    if (function_) solve();
  }

  Density* density() override { return this; }
  Reference* reference() override { return function_ ? this : nullptr; }
  std::vector<DataArray> data() const override {
    std::vector<DataArray> all = {
        {{"y", {items()}, {"item"}, ""}, y_, true},
        {{"x", {items(), x_.cols()}, {"item", "input"}, ""}, x_.reshaped(), false}};
    if (truth_.size() > 0) all.push_back({{"true_f", {items()}, {"item"}, ""}, truth_, false});
    return all;
  }

  Index dimension() const override { return function_ ? items() : 3; }
  std::vector<Variable> variables() const override {
    if (function_) return {{"f", {items()}, {"item"}, ""}};
    return {{"length_scale", {}, {}, ""}, {"kernel_sd", {}, {}, ""}, {"noise_sd", {}, {}, ""}};
  }
  void constrain(Draws z, DrawsOut x) const override {
    if (function_)
      x.noalias() = factor_ * z;
    else
      x = z.array().exp();
  }

  void log_density(Draws z, VectorOut log_p) override {
    log_density_gradient(z, log_p, unwanted());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = function_ ? of_function(z.col(s), s, gradient)
                           : of_hyperparameters(z.col(s), s, gradient);
    mark_outside_support(z, log_p, gradient);
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{log_evidence_}; }
  std::optional<Moments> moments() const override {
    const VectorXd zeros = VectorXd::Zero(items());
    const MatrixXd covariance = factor_ * covariance_ * factor_.transpose();
    return Moments{factor_ * mean_, covariance.diagonal().cwiseSqrt(), zeros, zeros};
  }
  std::optional<Gaussian> gaussian() const override { return Gaussian{mean_, covariance_}; }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    MatrixXd noise(z.rows(), z.cols());
    stream.fill_normal(noise);
    z = (covariance_.llt().matrixL() * noise).colwise() + mean_;
  }

 private:
  Index items() const { return y_.size(); }
  double noise_sd() const { return std::exp(centre_[2]); }

  /// K, with a millionth of a millionth of its diagonal added against rounding.
  void fill_kernel(const Eigen::Vector3d& theta) {
    const double variance = std::exp(2 * theta[1]);
    kernel_ = variance * (-0.5 * std::exp(-2 * theta[0]) * squares_.array()).exp();
    kernel_.diagonal().array() += 1e-10 * variance;
  }

  /// The posterior of v, N(m, S) with S^-1 = I + L^T L / noise^2, and the evidence.
  void solve() {
    const double precision = std::exp(-2 * centre_[2]);
    MatrixXd p = precision * factor_.transpose() * factor_;
    p.diagonal().array() += 1;
    const Eigen::LLT<MatrixXd> llt(p);
    covariance_ = llt.solve(MatrixXd::Identity(items(), items()));
    mean_ = llt.solve(precision * (factor_.transpose() * y_));
    const double half_log_det = llt.matrixLLT().diagonal().array().log().sum();
    log_evidence_ = -0.5 * double(items()) * log_2pi - double(items()) * centre_[2] - half_log_det -
                    0.5 * (precision * (y_ - factor_ * mean_).squaredNorm() + mean_.squaredNorm());
    residual_.resize(items());
    pull_.resize(items());
  }

  double of_function(Vector v, Index s, DrawsOut& gradient) {
    const double precision = std::exp(-2 * centre_[2]), n = double(items());
    residual_ = y_;
    residual_.noalias() -= factor_ * v;
    if (gradient.size() > 0) {
      pull_.noalias() = factor_.transpose() * residual_;
      gradient.col(s) = precision * pull_ - v;
    }
    return -0.5 * (precision * residual_.squaredNorm() + v.squaredNorm()) - n * log_2pi -
           n * centre_[2];
  }

  double of_hyperparameters(Vector theta, Index s, DrawsOut& gradient) {
    const Eigen::Vector3d off = (theta - centre_) / (prior_sd_ * prior_sd_);
    if (gradient.size() > 0) gradient.col(s).setZero();
    if (!theta.allFinite()) return theta.hasNaN() ? not_a_number : -infinity;
    fill_kernel(theta);
    const double noise = std::exp(2 * theta[2]);
    sum_ = kernel_;
    sum_.diagonal().array() += noise;
    llt_.compute(sum_);
    if (llt_.info() != Eigen::Success) return -infinity;
    const VectorXd alpha = llt_.solve(y_);
    const double likelihood = -0.5 * y_.dot(alpha) -
                              llt_.matrixLLT().diagonal().array().log().sum() -
                              0.5 * double(items()) * log_2pi;
    const double prior =
        -0.5 * (theta - centre_).dot(off) - 1.5 * log_2pi - 3 * std::log(prior_sd_);
    if (gradient.size() > 0 && std::isfinite(likelihood)) {
      // d likelihood / d theta = 1/2 tr((alpha alpha^T - (K + noise)^-1) dK / d theta).
      MatrixXd inner = -llt_.solve(MatrixXd::Identity(items(), items()));
      inner.noalias() += alpha * alpha.transpose();
      const double length = std::exp(-2 * theta[0]);
      gradient(0, s) = 0.5 * length * (inner.array() * kernel_.array() * squares_.array()).sum();
      gradient(1, s) = (inner.array() * kernel_.array()).sum();
      gradient(2, s) = noise * inner.trace();
      gradient.col(s) -= off;
    }
    return likelihood + prior;
  }

  bool function_;
  double prior_sd_;
  Eigen::Vector3d centre_;          ///< log length_scale, log kernel_sd, log noise_sd
  MatrixXd x_;                      ///< [N x inputs]
  VectorXd y_, truth_;              ///< [N]
  MatrixXd squares_;                ///< [N x N]  squared distances
  MatrixXd kernel_, factor_, sum_;  ///< [N x N]  K, its L at the known hyperparameters, K + noise
  Eigen::LLT<MatrixXd> llt_;

  VectorXd mean_;        ///< [N]  of the posterior of v
  MatrixXd covariance_;  ///< [N x N]
  double log_evidence_ = 0;
  VectorXd residual_, pull_;  ///< [N]
};

}  // namespace

ELBOW_PLUGIN(GaussianProcessRegression, options,
             {.name = "gaussian_process_regression",
              .summary = "a function with a squared-exponential kernel, or its hyperparameters",
              .source = "Rasmussen & Williams 2006, sections 2.2 and 5.4",
              .provides = Ability::density | Ability::gradient})
