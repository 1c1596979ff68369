#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      real("tolerance", 1e-10, "relative gain of a sweep that counts as the fixed point").above(0),
      choice("step", {"sweep", "update"},
             "what one iteration is: all coordinate blocks, or a single block")};
}

/// Coordinate-ascent variational inference: each update sets one block of a conjugate model's own
/// approximation to its optimum given all others.
class Cavi final : public Estimator {
 public:
  explicit Cavi(const EstimatorSetup& setup)
      : tolerance_(setup.options.real("tolerance")), sweep_(setup.options.text("step") == "sweep") {
    RandomStream stream = setup.init_stream;
    setup.model.conjugate()->initialize(stream);
    elbo_ = before_sweep_ = setup.model.conjugate()->elbo();
  }

  std::vector<TraceField> trace_fields() const override {
    return {{"objective", "exact ELBO after the update", "nats"},
            {"gain", "what the update added to it, never below zero but for rounding", "nats"},
            {"block", "the coordinate block that was updated last", ""}};
  }

  Progress step(Fit& fit, VectorOut trace) override {
    if (!fit.items.empty())
      throw Unsupported("a coordinate update uses all data items: leave out batch_size");
    Conjugate& model = *fit.model.conjugate();
    const Index blocks = model.block_count();
    const double before = elbo_;
    do {
      block_ = (block_ + 1) % blocks;
      model.update_block(block_);
    } while (sweep_ && block_ + 1 < blocks);
    elbo_ = model.elbo();
    trace << elbo_, elbo_ - before, double(block_);
    if (!std::isfinite(elbo_)) return Progress::non_finite;
    const double rounding = 1e-8 * std::max(1.0, std::abs(elbo_));
    if (elbo_ < before - rounding) return Progress::diverged;
    if (block_ + 1 < blocks) return Progress::going;
    const double gain = elbo_ - before_sweep_;
    before_sweep_ = elbo_;
    return gain <= tolerance_ * std::max(1.0, std::abs(elbo_)) ? Progress::converged
                                                               : Progress::going;
  }

  Family* approximation(Fit& fit) override { return &fit.model.conjugate()->approximation(); }

 private:
  double tolerance_;
  bool sweep_;
  Index block_ = -1;
  double elbo_, before_sweep_;
};

}  // namespace

ELBOW_PLUGIN(Cavi, options,
             {.name = "cavi",
              .summary = "coordinate-ascent variational inference for conjugate models",
              .source = "Blei, Kucukelbir & McAuliffe 2017, algorithm 1",
              .needs_of_model = Ability::conjugate,
              .uses_family = false,
              .uses_optimizer = false})
