#include <elbow/elbow.hpp>
#include <elbow/gradient_metropolis.hpp>

namespace {

using namespace elbow;

/// Metropolis-adjusted Langevin algorithm: z' = z + h^2 V grad log p(z) / 2 + h V^(1/2) e with
/// e ~ N(0, I) and a diagonal V.
class Mala final : public GradientMetropolis {
 public:
  static std::vector<Option> options() { return GradientMetropolis::options(0.574, "1.65"); }

  explicit Mala(const SamplerSetup& setup) : GradientMetropolis(setup, 1.65) {
    noise_.resize(dimension(), chains());
  }

 private:
  void propose(RandomStream& stream, const Place& here, VectorOut proposal) override {
    stream.fill_normal(noise_.col(here.chain));
    const auto noise = noise_.col(here.chain).array();
    const auto sd = here.sd.array();
    const double h = here.step_size;
    proposal = here.z.array() + h * sd * (0.5 * h * sd * here.gradient.array() + noise);
  }

  double log_proposal_ratio(const Place& here, Vector proposal,
                            Vector proposal_gradient) const override {
    const double h = here.step_size;
    double sum = 0;
    for (Index d = 0; d < dimension(); ++d) {
      const double there = noise_(d, here.chain);
      const double back = (here.z[d] - proposal[d]) / (h * here.sd[d]) -
                          0.5 * h * here.sd[d] * proposal_gradient[d];
      sum += there * there - back * back;
    }
    return 0.5 * sum;
  }

  Eigen::MatrixXd noise_;  ///< [D x chains]
};

}  // namespace

ELBOW_PLUGIN(Mala, Mala::options,
             {.name = "mala",
              .summary = "Metropolis-adjusted Langevin algorithm, preconditioned",
              .source = "Roberts & Tweedie 1996; Roberts & Rosenthal 1998 (acceptance 0.574)",
              .needs_of_model = Ability::density | Ability::gradient})
