#include <Eigen/Cholesky>
#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("simulations", 100, "simulations of one step").at_least(2)};
}

/// The learnt posterior N(z; mean, covariance) as a target for every sampler.
class LearntPosterior final : public Model, public Density {
 public:
  LearntPosterior(const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance)
      : mean_(mean), factor_(covariance), centred_(mean.size()), precision_of_(mean.size()) {}

  Density* density() override { return this; }
  Index dimension() const override { return mean_.size(); }
  std::vector<Variable> variables() const override { return {{"theta", {dimension()}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override { evaluate(z, log_p, nullptr); }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    evaluate(z, log_p, &gradient);
  }

 private:
  void evaluate(Draws z, VectorOut log_p, DrawsOut* gradient) {
    const double constant =
        -factor_.matrixLLT().diagonal().array().log().sum() - 0.5 * double(dimension()) * log_2pi;
    for (Index s = 0; s < z.cols(); ++s) {
      centred_ = z.col(s) - mean_;
      precision_of_ = centred_;
      factor_.solveInPlace(precision_of_);
      log_p[s] = constant - 0.5 * centred_.dot(precision_of_);
      if (gradient) gradient->col(s) = -precision_of_;
    }
  }

  Eigen::VectorXd mean_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
  Eigen::VectorXd centred_, precision_of_;
};

/// Learns theta | x ~ N(B x + b, C) by least squares over simulations from the prior, and ends with
/// that density at the observation: a surrogate model, exact for linear Gaussian simulators.
class LinearPosterior final : public Estimator {
 public:
  explicit LinearPosterior(const EstimatorSetup& setup)
      : simulator_(*setup.model.simulator()),
        simulations_(setup.options.integer("simulations")),
        theta_(simulator_.parameter_dimension(), simulations_),
        features_(Eigen::MatrixXd::Ones(simulator_.data_dimension() + 1, simulations_)),
        gram_(1e-6 * Eigen::MatrixXd::Identity(features_.rows(), features_.rows())),
        cross_(Eigen::MatrixXd::Zero(features_.rows(), theta_.rows())),
        squares_(Eigen::MatrixXd::Zero(theta_.rows(), theta_.rows())),
        solution_(cross_),
        solver_(features_.rows()),
        residual_(theta_) {
    streams_.reserve(std::size_t(simulations_));
  }

  std::vector<TraceField> trace_fields() const override {
    return {{"negative_squared_error", "mean over fresh simulations, before they are used", ""}};
  }
  Progress step(Fit& fit, VectorOut trace) override {
    streams_.clear();
    for (Index s = 0; s < simulations_; ++s)
      streams_.push_back(fit.stream.substream(std::uint64_t(s)));
    simulator_.sample_prior(streams_, theta_);
    simulator_.simulate(theta_, streams_, features_.topRows(features_.rows() - 1));
    if (!theta_.allFinite() || !features_.allFinite()) return Progress::non_finite;
    residual_ = theta_;
    residual_.noalias() -= solution_.transpose() * features_;
    trace[0] = -residual_.squaredNorm() / double(simulations_);
    gram_.noalias() += features_ * features_.transpose();
    cross_.noalias() += features_ * theta_.transpose();
    squares_.noalias() += theta_ * theta_.transpose();
    count_ += simulations_;
    solver_.compute(gram_);
    solution_ = cross_;
    solver_.solveInPlace(solution_);
    return Progress::going;
  }

  Family* approximation(Fit&) override { return nullptr; }
  std::unique_ptr<Model> surrogate() override {
    Eigen::VectorXd observed(features_.rows());
    observed << simulator_.observation(), 1;
    const Eigen::MatrixXd covariance = (squares_ - cross_.transpose() * solution_) / double(count_);
    return std::make_unique<LearntPosterior>(solution_.transpose() * observed, covariance);
  }

 private:
  Simulator& simulator_;
  Index simulations_, count_ = 0;
  Eigen::MatrixXd theta_, features_;  ///< [P x S], [X + 1 x S]
  Eigen::MatrixXd gram_, cross_, squares_, solution_;
  Eigen::LLT<Eigen::MatrixXd> solver_;
  Eigen::MatrixXd residual_;  ///< [P x S]
  std::vector<RandomStream> streams_;
};

}  // namespace

ELBOW_PLUGIN(LinearPosterior, options,
             {.name = "linear_posterior",
              .summary = "posterior of a simulator by linear regression, ending with a surrogate",
              .source = "Beaumont, Zhang & Balding 2002, section 3",
              .needs_of_model = Ability::simulator,
              .uses_family = false,
              .uses_optimizer = false})
