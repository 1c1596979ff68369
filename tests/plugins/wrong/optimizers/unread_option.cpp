#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {real("learning_rate", 0.05, "length of a step per unit of gradient").above(0),
          real("momentum", 0.9, "declared, but never asked for").at_least(0).below(1)};
}

/// Plain gradient ascent that declares an option which it does not read.
class UnreadOption final : public Optimizer {
 public:
  explicit UnreadOption(const OptimizerSetup& setup)
      : parameters_(setup.parameters), rate_(setup.options.real("learning_rate")) {}
  void step(std::span<const Gradient* const> gradients) override {
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      parameters_[i]->f64() += rate_ * gradients[i]->f64();
      parameters_[i]->f32() += float(rate_) * gradients[i]->f32();
    }
  }
  void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                Eigen::Ref<Eigen::VectorXf> f32) const override {
    f64 = parameters_[std::size_t(which)]->f64();
    f32 = parameters_[std::size_t(which)]->f32();
  }
  double step_size() const override { return rate_; }

 private:
  std::span<Parameters* const> parameters_;
  double rate_;
};

}  // namespace

ELBOW_PLUGIN(UnreadOption, options,
             {.name = "unread_option", .summary = "gradient ascent with an option too many"})
