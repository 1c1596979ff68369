#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return FirstOrderOptimizer::options(
      0.1, {real("beta1", 0.9, "decay of the gradients' mean").at_least(0).below(1),
            real("beta2", 0.99,
                 "decay of the squared gradients' mean; the paper's 0.999 forgets the slopes of a "
                 "far start only after thousands of steps")
                .at_least(0)
                .below(1),
            real("epsilon", 1e-8, "added to the root of the squared gradients' mean").above(0)});
}

/// m and v are running means of the gradient and of its square, corrected for their start at zero:
/// x += eta m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon).
///
/// The paper's beta2 of 0.999 remembers the slopes of a far start for thousands of steps, and a
/// scale of q shrinks no faster than they are forgotten. The less v remembers, the more its noise,
/// where it goes with the gradient's, biases the steps: at 0.95 that is seen, at 0.99 it is not.
class Adam final : public FirstOrderOptimizer {
 public:
  explicit Adam(const OptimizerSetup& setup)
      : FirstOrderOptimizer(setup),
        beta1_(setup.options.real("beta1")),
        beta2_(setup.options.real("beta2")),
        epsilon_(setup.options.real("epsilon")) {
    for (const Parameters* parameters : setup.parameters) {
      first_.emplace_back(*parameters);
      second_.emplace_back(*parameters);
    }
  }

 private:
  bool own_state(StateArchive& archive) override {
    archive(first_, second_);
    return true;
  }

  void begin_step(Index t) override {
    first_correction_ = 1 / (1 - std::pow(beta1_, double(t)));
    second_correction_ = 1 / std::sqrt(1 - std::pow(beta2_, double(t)));
  }

  void move(Index which, Parameters& x, const Gradient& g, double scale, double eta) override {
    Gradient &m = first_[which], &v = second_[which];
    update<double>(x.f64(), g.f64(), m.f64(), v.f64(), scale, eta);
    update<float>(x.f32(), g.f32(), m.f32(), v.f32(), scale, eta);
  }

  /// One pass over memory.
  template <class T, class Column = Eigen::Ref<Eigen::Matrix<T, Eigen::Dynamic, 1>>>
  void update(Column x, Eigen::Ref<const Eigen::Matrix<T, Eigen::Dynamic, 1>> gradient,
              Column first, Column second, double scale, double eta) {
    const T step = T(eta * first_correction_), root = T(second_correction_), eps = T(epsilon_);
    const T new1 = T(1 - beta1_), new2 = T(1 - beta2_), clip = T(scale);
    T* __restrict to = x.data(), * __restrict m = first.data(), * __restrict v = second.data();
    const T* __restrict from = gradient.data();
    for (Index i = 0; i < x.size(); ++i) {
      const T g = clip * from[i];
      m[i] += new1 * (g - m[i]);
      v[i] += new2 * (g * g - v[i]);
      to[i] += step * m[i] / (root * std::sqrt(v[i]) + eps);
    }
  }

  double beta1_, beta2_, epsilon_;
  double first_correction_ = 1, second_correction_ = 1;
  std::vector<Gradient> first_, second_;
};

}  // namespace

ELBOW_PLUGIN(Adam, options,
             {.name = "adam",
              .summary = "adaptive moments of the gradient",
              .source = "Kingma & Ba 2015, algorithm 1"})
