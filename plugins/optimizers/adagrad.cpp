#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return FirstOrderOptimizer::options(
      0.5, {choice("sum", {"later_half", "all"},
                   "steps whose squared gradients count: the later half at least, so that a far "
                   "start's large gradients do not hold back all steps after them; all"),
            real("epsilon", 1e-10, "added to the root of the squared gradients' sum").above(0)});
}

/// x += eta g / (sqrt(G) + epsilon) with G the sum of squared gradients: of all steps, or of those
/// since the last power of two but one, that is a restart whenever the steps have doubled (Cesa-
/// Bianchi & Lugosi 2006, section 2.3), with the last period carried over.
class AdaGrad final : public FirstOrderOptimizer {
 public:
  explicit AdaGrad(const OptimizerSetup& setup)
      : FirstOrderOptimizer(setup),
        forgets_(setup.options.text("sum") == "later_half"),
        epsilon_(setup.options.real("epsilon")) {
    for (const Parameters* parameters : setup.parameters) {
      squares_.emplace_back(*parameters);
      earlier_.emplace_back(*parameters);
    }
  }

 private:
  bool own_state(StateArchive& archive) override {
    archive(squares_, earlier_);
    return true;
  }

  void begin_step(Index t) override {
    if (!forgets_ || (t & (t - 1)) != 0) return;
    std::swap(earlier_, squares_);
    for (Gradient& sum : squares_) sum.set_zero();
  }

  void move(Index which, Parameters& x, const Gradient& g, double scale, double eta) override {
    Gradient &sum = squares_[std::size_t(which)], &earlier = earlier_[std::size_t(which)];
    update(x.f64(), g.f64(), sum.f64(), earlier.f64(), scale, eta);
    update(x.f32(), g.f32(), sum.f32(), earlier.f32(), float(scale), float(eta));
  }

  template <class Column, class T>
  void update(Column x, const auto& g, Column sum, Column earlier, T scale, T eta) {
    sum.array() += (scale * g.array()).square();
    x.array() += eta * scale * g.array() / ((sum + earlier).array().sqrt() + T(epsilon_));
  }

  bool forgets_;
  double epsilon_;
  std::vector<Gradient> squares_, earlier_;  ///< sums of this period, and of the one before
};

}  // namespace

ELBOW_PLUGIN(AdaGrad, options,
             {.name = "adagrad",
              .summary = "steps over the root of the sum of squared gradients",
              .source = "Duchi, Hazan & Singer 2011, figure 1 (diagonal)"})
