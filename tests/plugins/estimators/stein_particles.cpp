#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      integer("particles", 30, "points that are moved").at_least(2),
      real("step_size", 0.1, "length of a step in units of the kernel's average gradient").above(0),
      real("bandwidth", 1, "of the squared-exponential kernel").above(0)};
}

/// Stein variational gradient descent: moves particles, and ends with them in place of a family.
class SteinParticles final : public Estimator {
 public:
  explicit SteinParticles(const EstimatorSetup& setup)
      : step_size_(setup.options.real("step_size")),
        inverse_bandwidth_(1 / setup.options.real("bandwidth")) {
    const Index count = setup.options.integer("particles");
    end_.z.resize(setup.model.density()->dimension(), count);
    RandomStream stream = setup.init_stream;
    stream.fill_normal(end_.z);
    gradient_.resizeLike(end_.z);
    move_.resizeLike(end_.z);
    log_p_.resize(count);
  }

  std::vector<TraceField> trace_fields() const override {
    return {{"mean_log_density", "of the particles before the step", ""}};
  }
  Progress step(Fit& fit, VectorOut trace) override {
    fit.model.density()->log_density_gradient(end_.z, log_p_, gradient_);
    trace[0] = log_p_.mean();
    if (!log_p_.allFinite() || !gradient_.allFinite()) return Progress::non_finite;
    move_.setZero();
    for (Index i = 0; i < move_.cols(); ++i)
      for (Index j = 0; j < move_.cols(); ++j) {
        const auto apart = end_.z.col(i) - end_.z.col(j);
        const double kernel = std::exp(-0.5 * inverse_bandwidth_ * apart.squaredNorm());
        move_.col(i) += kernel * (gradient_.col(j) + inverse_bandwidth_ * apart);
      }
    end_.z += step_size_ / double(move_.cols()) * move_;
    return Progress::going;
  }
  const Particles* particles() const override { return &end_; }

 private:
  double step_size_, inverse_bandwidth_;
  Particles end_;
  Eigen::MatrixXd gradient_, move_;  ///< [D x S]
  Eigen::VectorXd log_p_;
};

}  // namespace

ELBOW_PLUGIN(SteinParticles, options,
             {.name = "stein_particles",
              .summary = "Stein variational gradient descent",
              .source = "Liu & Wang 2016, algorithm 1",
              .needs_of_model = Ability::density | Ability::gradient,
              .uses_family = false,
              .uses_optimizer = false})
