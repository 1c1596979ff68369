#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("initial_probability", 0.5, "of a 1, in every coordinate at the start")
              .above(0)
              .below(1)};
}

/// q(z) = prod_d p_d^z_d (1 - p_d)^(1 - z_d) over {0, 1}^D, with phi = logit p. A draw is 1 where
/// its uniform number is below p: a step, so that there is no pathwise gradient.
class BernoulliMeanField final : public Family, public ClosedEntropy, public ClosedKl {
 public:
  explicit BernoulliMeanField(const FamilySetup& setup)
      : logit_(parameters_.add("logit", setup.dimension)), probability_(setup.dimension) {
    const double p = setup.options.real("initial_probability");
    logit().setConstant(std::log(p) - std::log1p(-p));
  }

  Index dimension() const override { return logit_.rows; }
  NoiseShape noise() const override { return {0, dimension()}; }
  Parameters& parameters() override { return parameters_; }

  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    probability_ = logit().unaryExpr(&sigmoid);
    for (Index s = 0; s < noise.cols(); ++s)
      for (Index d = 0; d < dimension(); ++d) z(d, s) = noise(d, s) < probability_[d] ? 1 : 0;
    if (log_q.size() > 0) log_probabilities(z, log_q);
  }

  void log_prob(Draws z, VectorOut log_q) override {
    if (scored_.cols() < z.cols()) scored_.resize(dimension(), z.cols());
    scored_.leftCols(z.cols()) = z;
    log_probabilities(z, log_q);
  }

  void log_prob_pullback(Vector w, GradientOut phi, DrawsOut g_z) override {
    if (g_z.size() > 0) g_z.noalias() = logit() * w.transpose();
    if (!phi) return;
    probability_ = logit().unaryExpr(&sigmoid);
    for (Index s = 0; s < w.size(); ++s)
      phi.vector(logit_) += w[s] * (scored_.col(s) - probability_);
  }

  ClosedEntropy* closed_entropy() override { return this; }
  double entropy() override {
    double sum = 0;
    for (Index d = 0; d < dimension(); ++d)
      sum += softplus(logit()[d]) - sigmoid(logit()[d]) * logit()[d];
    return sum;
  }
  void entropy_pullback(double w, GradientOut phi) override {
    for (Index d = 0; d < dimension(); ++d)
      phi.vector(logit_)[d] -= w * logit()[d] * sigmoid(logit()[d]) * sigmoid(-logit()[d]);
  }

  ClosedKl* closed_kl() override { return this; }
  double kl(const Parameters& other) override {
    double sum = 0;
    for (Index d = 0; d < dimension(); ++d) {
      const double here = logit()[d], there = other.f64()[logit_.offset + d];
      sum += sigmoid(here) * (here - there) - softplus(here) + softplus(there);
    }
    return sum;
  }

 private:
  Parameters::Column<double> logit() { return parameters_.vector(logit_); }

  void log_probabilities(Draws z, VectorOut log_q) {
    log_q.setZero();
    for (Index d = 0; d < dimension(); ++d) {
      const double normaliser = softplus(logit()[d]);
      for (Index s = 0; s < z.cols(); ++s) log_q[s] += z(d, s) * logit()[d] - normaliser;
    }
  }

  Parameters parameters_;
  BlockId<double> logit_;
  Eigen::VectorXd probability_;
  Eigen::MatrixXd scored_;  ///< [D x S] z of the most recent log_prob; columns only grow
};

}  // namespace

ELBOW_PLUGIN(BernoulliMeanField, options,
             {.name = "bernoulli_mean_field",
              .summary = "independent bits, for discrete models",
              .provides = Ability::log_prob | Ability::closed_entropy | Ability::closed_kl |
                          Ability::discrete_draws})
