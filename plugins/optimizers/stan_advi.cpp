#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  std::vector<Option> all = {
      real("eta", 0.1,
           "step size; Stan tries 100, 10, 1, 0.1 and 0.01 and keeps the best: name "
           "them with each = [...] to do so")
          .above(0),
      real("weight", 0.1, "of the newest squared gradient in its running mean").above(0).at_most(1),
      real("tau", 1.0, "added to the root of the squared gradients' mean").above(0)};
  for (Option& option : IterateAverage::options()) all.push_back(std::move(option));
  return all;
}

/// s_t = w g_t^2 + (1 - w) s_(t-1) with s_1 = g_1^2, and x += eta t^(-1/2) g / (tau + sqrt(s_t)).
class StanAdvi final : public Optimizer {
 public:
  explicit StanAdvi(const OptimizerSetup& setup)
      : parameters_(setup.parameters.begin(), setup.parameters.end()),
        average_(setup.options, setup.parameters, setup.iterations),
        eta_(setup.options.real("eta")),
        weight_(setup.options.real("weight")),
        tau_(setup.options.real("tau")) {
    for (const Parameters* parameters : parameters_) squares_.emplace_back(*parameters);
  }

  void step(std::span<const Gradient* const> gradients) override {
    ++steps_;
    step_size_ = eta_ / std::sqrt(double(steps_));
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      update(parameters_[i]->f64(), gradients[i]->f64(), squares_[i].f64(), step_size_);
      update(parameters_[i]->f32(), gradients[i]->f32(), squares_[i].f32(), float(step_size_));
    }
    average_.update();
  }

  void estimate(Index which, Eigen::Ref<Eigen::VectorXd> f64,
                Eigen::Ref<Eigen::VectorXf> f32) const override {
    average_.estimate(which, f64, f32);
  }
  double step_size() const override { return step_size_; }

 private:
  template <class Column, class T>
  void update(Column x, const auto& g, Column s, T eta) {
    const T w = steps_ == 1 ? T(1) : T(weight_);
    s = w * g.cwiseAbs2() + (1 - w) * s;
    x.array() += eta * g.array() / (T(tau_) + s.array().sqrt());
  }

  std::vector<Parameters*> parameters_;
  IterateAverage average_;
  double eta_, weight_, tau_;
  Index steps_ = 0;
  std::vector<Gradient> squares_;
  double step_size_ = not_a_number;
};

}  // namespace

ELBOW_PLUGIN(StanAdvi, options,
             {.name = "stan_advi",
              .summary = "the adaptive step-size schedule of Stan's ADVI",
              .source = "Kucukelbir et al. 2017, eq. 10-11"})
