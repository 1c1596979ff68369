// What the interfaces do where a plugin does not override them.

#include <cmath>
#include <elbow/error.hpp>
#include <elbow/estimator.hpp>
#include <elbow/sampler.hpp>

namespace elbow {

void Density::log_density_gradient(Draws, VectorOut, DrawsOut) {
  throw Unsupported("this model's log density has no gradient");
}

void Density::constrain(Draws z, DrawsOut x) const {
  if (x.rows() != z.rows())
    throw Error("the variables hold " + std::to_string(x.rows()) + " numbers, the density has " +
                std::to_string(z.rows()) + " dimensions: such a model must override `constrain`");
  x = z;
}

void Density::use_items(std::span<const Index> items) {
  if (!items.empty()) throw Unsupported("this model's log density does not support minibatches");
}

void mark_outside_support(Draws z, VectorOut log_p, DrawsOut gradient) {
  for (Index s = 0; s < z.cols(); ++s) {
    if (std::isfinite(log_p[s]) || z.col(s).hasNaN()) continue;
    log_p[s] = -INFINITY;
    if (gradient.size() > 0) gradient.col(s).setZero();
  }
}

void Reference::sample(RandomStream&, DrawsOut) const {
  throw Unsupported("this model has no exact sampler");
}

void Family::sample_pullback(Draws, Vector, GradientOut) {
  throw Unsupported("this family is not reparameterisable");
}

void fill_noise(const NoiseShape& shape, RandomStream& stream, DrawsOut noise) {
  if (shape.uniforms == 0) return stream.fill_normal(noise);
  stream.fill_normal(noise.topRows(shape.normals));
  stream.fill_uniform(noise.bottomRows(shape.uniforms));
}

void Sampler::start(std::span<RandomStream>, DrawsOut, VectorOut) {}

void Sampler::ensemble(Index, DrawsOut, VectorOut) const {
  throw Unsupported("this sampler's chains have one state each");
}

std::span<const double> Sampler::divergence(Index) const { return {}; }

GradientEstimator::GradientEstimator(std::vector<Parameters*> trained)
    : trained_(std::move(trained)) {
  gradients_.reserve(trained_.size());
  for (const Parameters* parameters : trained_) gradients_.emplace_back(*parameters);
  for (Gradient& gradient : gradients_) {
    outs_.push_back(gradient.out());
    views_.push_back(&gradient);
  }
}

std::vector<TraceField> GradientEstimator::trace_fields() const {
  std::vector<TraceField> fields = {
      {"objective", "estimate of the objective at the start of the step", ""},
      {"gradient_norm", "Euclidean norm of the gradient estimate", ""},
      {"step_size", "the optimizer's step size in this step", ""}};
  for (TraceField& field : own_fields()) fields.push_back(std::move(field));
  return fields;
}

Progress GradientEstimator::step(Fit& fit, VectorOut trace) {
  for (Gradient& gradient : gradients_) gradient.set_zero();
  const Index own = trace.size() - 3;
  const double objective = value_and_gradient(fit, outs_, trace.tail(own));
  double squared_norm = 0;
  for (const Gradient& gradient : gradients_) squared_norm += gradient.squared_norm();
  trace[0] = objective;
  trace[1] = std::sqrt(squared_norm);
  trace[2] = fit.optimizer->step_size();
  if (!std::isfinite(objective) || !std::isfinite(squared_norm))
    return fit.optimizer->retreat() ? Progress::going : Progress::non_finite;
  fit.optimizer->observe(objective);
  fit.optimizer->step(views_);
  trace[2] = fit.optimizer->step_size();
  return Progress::going;
}

}  // namespace elbow
