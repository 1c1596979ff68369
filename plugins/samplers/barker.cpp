#include <elbow/elbow.hpp>
#include <elbow/gradient_metropolis.hpp>

namespace {

using namespace elbow;

/// Barker's proposal: every coordinate takes a normal jump w of sd h s, with the sign turned
/// towards growing density: z' = z + w with probability 1 / (1 + exp(-w d log p / dz)), else z - w.
/// Unlike a Langevin step it stays robust where the gradient is large.
class Barker final : public GradientMetropolis {
 public:
  static std::vector<Option> options() { return GradientMetropolis::options(0.4, "1.5"); }

  explicit Barker(const SamplerSetup& setup) : GradientMetropolis(setup, 1.5) {
    noise_.resize(dimension());
    sign_.resize(dimension());
  }

 private:
  void propose(RandomStream& stream, const Place& here, VectorOut proposal) override {
    stream.fill_normal(noise_);
    stream.fill_uniform(sign_);
    for (Index d = 0; d < dimension(); ++d) {
      const double jump = here.step_size * here.sd[d] * noise_[d];
      const bool keeps = sign_[d] < sigmoid(jump * here.gradient[d]);
      proposal[d] = here.z[d] + (keeps ? jump : -jump);
    }
  }

  double log_proposal_ratio(const Place& here, Vector proposal,
                            Vector proposal_gradient) const override {
    double sum = 0;
    for (Index d = 0; d < dimension(); ++d) {
      const double jump = proposal[d] - here.z[d];
      sum += softplus(-jump * here.gradient[d]) - softplus(jump * proposal_gradient[d]);
    }
    return sum;
  }

  Eigen::VectorXd noise_, sign_;  ///< [D] numbers of one chain's proposal
};

}  // namespace

ELBOW_PLUGIN(
    Barker, Barker::options,
    {.name = "barker",
     .summary = "Metropolis-Hastings with Barker's gradient-skewed proposal, preconditioned",
     .source = "Livingstone & Zanella 2022, algorithm 1",
     .needs_of_model = Ability::density | Ability::gradient})
