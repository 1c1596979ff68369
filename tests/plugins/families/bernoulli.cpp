#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("initial_probability", 0.5, "of a 1 at the start").above(0).below(1)};
}

/// q(z) = prod_d p_d^z_d (1 - p_d)^(1 - z_d) over {0, 1}^D, phi = logit p.
class Bernoulli final : public Family, public ClosedEntropy {
 public:
  explicit Bernoulli(const FamilySetup& setup) : logit_(phi_.add("logit", setup.dimension)) {
    const double p = setup.options.real("initial_probability");
    phi_.vector(logit_).setConstant(std::log(p / (1 - p)));
  }

  Index dimension() const override { return logit_.rows; }
  NoiseShape noise() const override { return {0, dimension()}; }
  Parameters& parameters() override { return phi_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    for (Index s = 0; s < z.cols(); ++s)
      for (Index d = 0; d < dimension(); ++d) z(d, s) = noise(d, s) < probability(d) ? 1 : 0;
    if (log_q.size() > 0) log_prob(z, log_q);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    z_ = z;
    log_q.setZero();
    for (Index s = 0; s < z.cols(); ++s)
      for (Index d = 0; d < dimension(); ++d) log_q[s] += z(d, s) * logit(d) - softplus(logit(d));
  }
  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    for (Index s = 0; s < w.size(); ++s)
      for (Index d = 0; d < dimension(); ++d) {
        if (g_z.size() > 0) g_z(d, s) = w[s] * logit(d);
        if (phi) phi.vector(logit_)[d] += w[s] * (z_(d, s) - probability(d));
      }
  }

  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override {
    double sum = 0;
    for (Index d = 0; d < dimension(); ++d) sum += softplus(logit(d)) - probability(d) * logit(d);
    return sum;
  }
  void entropy_pullback(double w, GradientOut phi) override {
    for (Index d = 0; d < dimension(); ++d)
      phi.vector(logit_)[d] -= w * logit(d) * probability(d) * (1 - probability(d));
  }

 private:
  double logit(Index d) { return phi_.vector(logit_)[d]; }
  double probability(Index d) { return sigmoid(logit(d)); }

  Parameters phi_;
  BlockId<double> logit_;
  Eigen::MatrixXd z_;  ///< of the most recent log_prob
};

}  // namespace

ELBOW_PLUGIN(Bernoulli, options,
             {.name = "bernoulli",
              .summary = "independent bits",
              .provides = Ability::log_prob | Ability::closed_entropy | Ability::discrete_draws})
