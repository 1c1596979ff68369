#include "poison.hpp"

namespace {

using namespace elbow;

/// A standard normal of one dimension more than asked for.
class Poisoned : public Family {
 public:
  explicit Poisoned(const FamilySetup& setup) : dimension_(setup.dimension + 1) {}

  Index dimension() const override { return dimension_; }
  Parameters& parameters() override { return parameters_; }
  void sample(Draws noise, DrawsOut z, VectorOut log_q) override {
    z = noise;
    if (log_q.size() > 0) log_prob(noise, log_q);
  }
  void log_prob(Draws z, VectorOut log_q) override {
    log_q = -0.5 * z.colwise().squaredNorm().transpose();
    log_q.array() -= 0.5 * double(dimension_) * log_2pi;
  }
  void log_prob_pullback(Vector, GradientOut, DrawsOut g_z) override {
    if (g_z.size() > 0) g_z.setZero();
  }

 private:
  Index dimension_;
  Parameters parameters_;
};

}  // namespace

ELBOW_PLUGIN(Poisoned, poison::no_options,
             {.name = "family_of_wrong_dimension",
              .summary = "a bad plugin of the tests",
              .provides = Ability::log_prob})
