#include <elbow/elbow.hpp>
#include <optional>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {integer("bits", 4, "length of the chain").at_least(1).at_most(16),
          real("coupling", 1, "gain in nats of two neighbours that are both 1"),
          real("bias", -0.3, "gain in nats of a bit that is 1")};
}

/// log p(z) = bias sum_d z_d + coupling sum_d z_d z_{d+1} over {0, 1}^D, summed up exactly.
class BinaryChain final : public Model, public Density, public Reference {
 public:
  explicit BinaryChain(const ModelSetup& setup)
      : bits_(setup.options.integer("bits")),
        coupling_(setup.options.real("coupling")),
        bias_(setup.options.real("bias")),
        states_(bits_, Index(1) << bits_),
        log_p_(states_.cols()) {
    for (Index s = 0; s < states_.cols(); ++s)
      for (Index d = 0; d < bits_; ++d) states_(d, s) = double((s >> d) & 1);
    log_density(states_, log_p_);
  }

  Density* density() override { return this; }
  Reference* reference() override { return this; }

  Index dimension() const override { return bits_; }
  std::vector<Variable> variables() const override { return {{"z", {bits_}, {"bit"}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = bias_ * z.col(s).sum() +
                 coupling_ * z.col(s).head(bits_ - 1).dot(z.col(s).tail(bits_ - 1));
  }

  std::optional<Estimate> log_evidence() const override { return Estimate{log_sum_exp(log_p_), 0}; }
  std::optional<Moments> moments() const override {
    const Eigen::VectorXd p = (log_p_.array() - log_sum_exp(log_p_)).exp();
    const Eigen::VectorXd mean = states_ * p, zero = Eigen::VectorXd::Zero(bits_);
    return Moments{mean, (mean.array() * (1 - mean.array())).sqrt(), zero, zero};
  }
  bool has_exact_sampler() const override { return true; }
  void sample(RandomStream& stream, DrawsOut z) const override {
    const double log_evidence = log_sum_exp(log_p_);
    for (Index s = 0; s < z.cols(); ++s) {
      double left = stream.uniform();
      Index state = 0;
      for (; state + 1 < states_.cols(); ++state) {
        left -= std::exp(log_p_[state] - log_evidence);
        if (left < 0) break;
      }
      z.col(s) = states_.col(state);
    }
  }

 private:
  Index bits_;
  double coupling_, bias_;
  Eigen::MatrixXd states_;  ///< [D x 2^D]
  Eigen::VectorXd log_p_;   ///< [2^D] of every state
};

}  // namespace

ELBOW_PLUGIN(BinaryChain, options,
             {.name = "binary_chain",
              .summary = "chain of coupled bits, enumerated",
              .provides = Ability::density | Ability::discrete | Ability::reference})
