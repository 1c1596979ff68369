#include <elbow/elbow.hpp>

namespace {

using namespace elbow;

std::vector<Option> options() {
  return {
      real("tolerance", 1e-10, "relative gain of a sweep below which it has converged").above(0)};
}

/// Coordinate-ascent variational inference: a step is one sweep over a model's blocks. It brings no
/// family and needs no optimizer; the approximation is the model's own.
class CoordinateAscent final : public Estimator {
 public:
  explicit CoordinateAscent(const EstimatorSetup& setup)
      : tolerance_(setup.options.real("tolerance")) {
    RandomStream stream = setup.init_stream;
    setup.model.conjugate()->initialize(stream);
    elbo_ = setup.model.conjugate()->elbo();
  }

  std::vector<TraceField> trace_fields() const override {
    return {{"elbo", "exact evidence lower bound after the sweep", ""}};
  }
  Progress step(Fit& fit, VectorOut trace) override {
    Conjugate& model = *fit.model.conjugate();
    for (Index b = 0; b < model.block_count(); ++b) model.update_block(b);
    const double before = elbo_;
    trace[0] = elbo_ = model.elbo();
    if (!std::isfinite(elbo_)) return Progress::non_finite;
    return elbo_ - before <= tolerance_ * std::abs(elbo_) ? Progress::converged : Progress::going;
  }
  Family* approximation(Fit& fit) override { return &fit.model.conjugate()->approximation(); }

 private:
  double tolerance_, elbo_;
};

}  // namespace

ELBOW_PLUGIN(CoordinateAscent, options,
             {.name = "coordinate_ascent",
              .summary = "coordinate-ascent variational inference (CAVI)",
              .source = "Blei, Kucukelbir & McAuliffe 2017, algorithm 1",
              .needs_of_model = Ability::conjugate,
              .uses_family = false,
              .uses_optimizer = false})
