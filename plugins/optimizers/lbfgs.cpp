#include <elbow/elbow.hpp>
#include <elbow/lbfgs_memory.hpp>

namespace {

using namespace elbow;
using Eigen::VectorXd;

std::vector<Option> options() {
  return {integer("memory", 10, "pairs of steps and gradient changes that are kept").at_least(1),
          real("learning_rate", 1.0, "share of the quasi-Newton step that is taken")
              .above(0)
              .at_most(1),
          real("largest_step", 1.0, "bound on a step's Euclidean length, over all parameters")
              .above(0)};
}

/// The quasi-Newton direction H g by the two-loop recursion, from gradients alone: for objectives
/// without noise (quadrature, fixed draws). Pairs along which the objective is not concave are left
/// out, and the length of a step is bounded, in place of a line search.
class Lbfgs final : public Optimizer {
 public:
  explicit Lbfgs(const OptimizerSetup& setup)
      : parameters_(setup.parameters.begin(), setup.parameters.end()),
        learning_rate_(setup.options.real("learning_rate")),
        largest_step_(setup.options.real("largest_step")),
        memory_(size(setup), setup.options.integer("memory")) {
    const Index size = Lbfgs::size(setup);
    gradient_.setZero(size);
    fall_.setZero(size);
    direction_.setZero(size);
  }

  void step(std::span<const Gradient* const> gradients) override {
    // The previous step is in direction_ and the gradient before it in gradient_.
    fall_ = gradient_;
    flatten(gradients);
    if (started_) {
      fall_ -= gradient_;
      memory_.add(direction_, fall_);
    }
    started_ = true;

    direction_ = gradient_;
    memory_.precondition(direction_);
    const double length = learning_rate_ * direction_.norm();
    step_size_ = learning_rate_ * (length > largest_step_ ? largest_step_ / length : 1);
    direction_ *= step_size_;
    move();
  }

  double step_size() const override { return step_size_; }
  bool state(StateArchive& archive) override {
    archive(memory_, started_, gradient_, direction_, step_size_);
    return true;
  }

 private:
  static Index size(const OptimizerSetup& setup) {
    Index size = 0;
    for (const Parameters* parameters : setup.parameters) size += parameters->size();
    return size;
  }
  void flatten(std::span<const Gradient* const> gradients) {
    Index at = 0;
    for (const Gradient* part : gradients) {
      gradient_.segment(at, part->f64().size()) = part->f64();
      at += part->f64().size();
      gradient_.segment(at, part->f32().size()) = part->f32().cast<double>();
      at += part->f32().size();
    }
  }
  void move() {
    Index at = 0;
    for (Parameters* x : parameters_) {
      x->f64() += direction_.segment(at, x->f64().size());
      at += x->f64().size();
      x->f32() += direction_.segment(at, x->f32().size()).cast<float>();
      at += x->f32().size();
    }
  }

  std::vector<Parameters*> parameters_;
  double learning_rate_, largest_step_;
  LbfgsMemory memory_;
  bool started_ = false;
  VectorXd gradient_, direction_, fall_;  ///< [P]
  double step_size_ = not_a_number;
};

}  // namespace

ELBOW_PLUGIN(Lbfgs, options,
             {.name = "lbfgs",
              .summary = "limited-memory quasi-Newton steps, for gradients without noise",
              .source = "Nocedal & Wright 2006, algorithm 7.4"})
