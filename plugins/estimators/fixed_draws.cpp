#include <elbow/elbow.hpp>
#include <elbow/lbfgs_memory.hpp>

namespace {

using namespace elbow;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {
      integer("draws", 30, "draws that are made once and kept").at_least(2),
      choice("entropy", {"closed", "monte_carlo"},
             "how log q enters: the entropy in closed form; its average over the draws")
          .when({.value = "closed", .needs_of_family = Ability::closed_entropy}),
      integer("memory", 10, "pairs of steps and gradient changes that L-BFGS keeps").at_least(1),
      real("tolerance", 1e-7, "gain that a quasi-Newton step promises below which it is over")
          .above(0)
          .unit("nats")};
}

/// The ELBO over one set of draws, a deterministic function of phi, maximised by L-BFGS; one
/// iteration is one line search. Its maximum is above the best ELBO by the noise that q has fitted,
/// of the order of P / S nats; `sampling_error` is the standard error that fresh draws would have.
class FixedDraws final : public Estimator {
 public:
  explicit FixedDraws(const EstimatorSetup& setup)
      : trained_{&setup.family->parameters()},
        closed_(setup.options.text("entropy") == "closed"),
        memory_(trained_[0]->size(), setup.options.integer("memory")),
        tolerance_(setup.options.real("tolerance")),
        gradient_(*trained_[0]) {
    const Index draws = setup.options.integer("draws"), d = setup.family->dimension();
    const Index size = trained_[0]->size();
    if (size > 3 * d && draws <= d)
      throw OptionError(
          "draws must be more than the model's " + std::to_string(d) +
          " dimensions with a family that correlates them, got " + std::to_string(draws) +
          ": between fewer draws q can collapse, and the objective has no upper bound");
    RandomStream stream = setup.init_stream;
    noise_.resize(setup.family->noise().rows(), draws);
    fill_noise(setup.family->noise(), stream, noise_);
    z_.resize(d, draws);
    g_z_.resize(d, draws);
    log_p_.resize(draws);
    log_q_.setZero(draws);
    minus_mean_.setConstant(draws, -1 / double(draws));
    for (VectorXd* v : {&x_, &here_, &direction_, &step_, &fall_}) v->setZero(size);
  }

  std::span<Parameters* const> trained() const override { return trained_; }

  std::vector<TraceField> trace_fields() const override {
    return {{"objective", "ELBO over the kept draws", "nats"},
            {"sampling_error", "its standard error as an estimate of the ELBO", "nats"},
            {"promised_gain", "half of gradient times quasi-Newton step", "nats"},
            {"evaluations", "of the objective in this iteration", ""}};
  }

  bool state(StateArchive& archive) override {
    archive(started_, memory_, value_, error_, here_);
    return true;
  }

  Progress step(Fit& fit, VectorOut trace) override {
    if (!fit.items.empty())
      throw Unsupported("the objective must not change between iterations: leave out batch_size");
    read();
    double evaluations = 0;
    if (!started_) {
      value_ = evaluate(fit), ++evaluations;
      error_ = error();
      here_ = flat_;
    }
    trace << value_, error_, 0, evaluations;
    if (!std::isfinite(value_) || !here_.allFinite()) return Progress::non_finite;
    started_ = true;

    quasi_newton();
    double slope = here_.dot(direction_);
    if (!(slope > 0)) {  // memory that rounding has spoilt
      memory_.clear();
      quasi_newton();
      slope = here_.dot(direction_);
    }
    trace[2] = 0.5 * slope;
    if (memory_.empty() ? here_.squaredNorm() == 0 : 0.5 * slope <= tolerance_)
      return Progress::converged;

    // Armijo's rule with halving; a step that is not finite is too long as well.
    const double rounding = 1e-13 * std::abs(value_);
    for (double t = 1; t > 1e-14; t /= 2) {
      step_ = t * direction_;
      write(x_ + step_);
      const double there = evaluate(fit);
      ++evaluations;
      if (!(there >= value_ + 1e-4 * t * slope - rounding) || !flat_.allFinite()) continue;
      fall_ = here_ - flat_;
      memory_.add(step_, fall_);
      const bool grew = there > value_;
      value_ = there;
      error_ = error();
      here_ = flat_;
      trace << value_, error_, 0.5 * slope, evaluations;
      if (value_ > 1e12) return Progress::diverged;
      return grew || 0.5 * slope > 1e3 * tolerance_ ? Progress::going : Progress::converged;
    }
    write(x_);
    trace[3] = evaluations;
    // No step goes up beyond rounding: at the top if little was promised.
    return 0.5 * slope <= 1e-4 * std::max(1.0, std::abs(value_)) ? Progress::converged
                                                                 : Progress::diverged;
  }

 private:
  void read() {
    x_.head(trained_[0]->f64().size()) = trained_[0]->f64();
    x_.tail(trained_[0]->f32().size()) = trained_[0]->f32().cast<double>();
  }
  template <class Expression>
  void write(const Expression& x) {
    trained_[0]->f64() = x.head(trained_[0]->f64().size());
    trained_[0]->f32() = x.tail(trained_[0]->f32().size()).template cast<float>();
  }

  /// The objective at the family's parameters; its gradient goes to flat_.
  double evaluate(Fit& fit) {
    Family& q = *fit.family;
    gradient_.set_zero();
    q.sample(noise_, z_, closed_ ? VectorOut(unwanted_vector()) : VectorOut(log_q_));
    fit.model.density()->log_density_gradient(z_, log_p_, g_z_);
    g_z_ /= double(z_.cols());
    double entropy = 0;
    if (closed_) {
      entropy = q.closed_entropy()->entropy();
      q.closed_entropy()->entropy_pullback(1, gradient_.out());
      q.sample_pullback(g_z_, unwanted_vector(), gradient_.out());
    } else {
      q.sample_pullback(g_z_, minus_mean_, gradient_.out());
    }
    flat_.resize(x_.size());
    flat_.head(gradient_.f64().size()) = gradient_.f64();
    flat_.tail(gradient_.f32().size()) = gradient_.f32().cast<double>();
    return (log_p_ - log_q_).mean() + entropy;
  }

  /// Of the newest evaluation.
  double error() const {
    const double n = double(log_p_.size()), mean = (log_p_ - log_q_).mean();
    return std::sqrt(((log_p_ - log_q_).array() - mean).square().sum() / (n * (n - 1)));
  }

  void quasi_newton() {
    direction_ = here_;
    if (memory_.empty()) direction_ /= std::max(1.0, direction_.norm());
    memory_.precondition(direction_);
  }

  std::vector<Parameters*> trained_;
  bool closed_, started_ = false;
  LbfgsMemory memory_;
  double tolerance_;
  double value_ = 0, error_ = 0;  ///< of the objective at the parameters
  Gradient gradient_;
  MatrixXd noise_, z_, g_z_;             ///< [D x S]
  VectorXd log_p_, log_q_, minus_mean_;  ///< [S]  log_q_ is zero with a closed entropy
  VectorXd x_, here_, flat_;             ///< [P]  parameters, gradient at them, newest gradient
  VectorXd direction_, step_, fall_;     ///< [P]
};

}  // namespace

ELBOW_PLUGIN(FixedDraws, options,
             {.name = "fixed_draws",
              .summary = "ELBO over one set of draws, maximised by L-BFGS",
              .source = "Giordano, Ingram & Broderick 2024 (DADVI), eq. 5",
              .needs_of_model = Ability::density | Ability::gradient,
              .needs_of_family = Ability::reparameterized,
              .uses_optimizer = false})
