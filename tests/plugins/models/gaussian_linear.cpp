#include <elbow/elbow.hpp>
#include <optional>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("dimension", 10, "parameters, and numbers in one simulation").at_least(1)};
}

constexpr double variance = 0.1;  ///< of the prior and of the noise

/// theta ~ N(0, 0.1 I), x ~ N(theta, 0.1 I): the posterior is N(x / 2, 0.05 I).
class GaussianLinear final : public Model, public Simulator, public Density, public Reference {
 public:
  explicit GaussianLinear(const ModelSetup& setup)
      : observation_(setup.options.integer("dimension")) {
    RandomStream stream = setup.data_stream;
    for (double& x : observation_) x = std::sqrt(2 * variance) * stream.normal();
  }

  Simulator* simulator() override { return this; }
  Density* density() override { return this; }
  Reference* reference() override { return this; }

  Index parameter_dimension() const override { return observation_.size(); }
  Index data_dimension() const override { return observation_.size(); }
  std::vector<Variable> parameters() const override { return variables(); }
  Eigen::VectorXd lower() const override { return -upper(); }
  Eigen::VectorXd upper() const override {
    return Eigen::VectorXd::Constant(observation_.size(), INFINITY);
  }
  void sample_prior(std::span<RandomStream> streams, DrawsOut theta) override {
    for (Index s = 0; s < theta.cols(); ++s)
      for (double& number : theta.col(s))
        number = std::sqrt(variance) * streams[std::size_t(s)].normal();
  }
  void log_prior(Draws theta, VectorOut log_p, DrawsOut gradient) override {
    for (Index s = 0; s < theta.cols(); ++s) log_p[s] = log_normal_at(theta.col(s).squaredNorm());
    if (gradient.size() > 0) gradient = -theta / variance;
  }
  void simulate(Draws theta, std::span<RandomStream> streams, DrawsOut x) override {
    sample_prior(streams, x);
    x += theta;
  }
  Eigen::VectorXd observation() const override { return observation_; }

  Index dimension() const override { return observation_.size(); }
  std::vector<Variable> variables() const override { return {{"theta", {dimension()}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = log_normal_at(z.col(s).squaredNorm()) +
                 log_normal_at((observation_ - z.col(s)).squaredNorm());
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    gradient = ((-2 * z).colwise() + observation_) / variance;
  }

  std::optional<Estimate> log_evidence() const override {
    return Estimate{-0.5 * (observation_.squaredNorm() / (2 * variance) +
                            double(dimension()) * (log_2pi + std::log(2 * variance))),
                    0};
  }
  std::optional<Moments> moments() const override {
    const Eigen::VectorXd zero = Eigen::VectorXd::Zero(dimension());
    const double sd = std::sqrt(variance / 2);
    return Moments{observation_ / 2, Eigen::VectorXd::Constant(dimension(), sd), zero, zero};
  }
  std::optional<Gaussian> gaussian() const override {
    return Gaussian{observation_ / 2,
                    variance / 2 * Eigen::MatrixXd::Identity(dimension(), dimension())};
  }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    stream.fill_normal(z);
    z = (std::sqrt(variance / 2) * z).colwise() + observation_ / 2;
  }

 private:
  /// log N(v; 0, 0.1 I) of a vector with this squared length.
  double log_normal_at(double squared) const {
    return -0.5 * (squared / variance + double(dimension()) * (log_2pi + std::log(variance)));
  }

  Eigen::VectorXd observation_;
};

}  // namespace

ELBOW_PLUGIN(GaussianLinear, options,
             {.name = "gaussian_linear",
              .summary = "normal prior and normal simulator, exact posterior",
              .source = "Lueckmann et al. 2021, appendix T.1",
              .provides = Ability::simulator | Ability::density | Ability::gradient |
                          Ability::reference})
