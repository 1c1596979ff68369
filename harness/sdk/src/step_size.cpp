#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <elbow/step_size.hpp>

namespace elbow {

std::vector<Option> StepSizeSchedule::options(double learning_rate) {
  return {
      real("learning_rate", learning_rate, "eta, the step size that the schedule scales").above(0),
      choice("schedule", {"automatic", "constant", "polynomial", "linear", "cosine"},
             "step size over the iterations; automatic: cosine to zero over the budget of "
             "iterations, polynomial where the fit has none, constant where a stop rule lowers it"),
      real("decay_exponent", 0.5, "kappa of the polynomial schedule eta (t + tau)^-kappa")
          .at_least(0)
          .at_most(1),
      real("decay_offset", 1, "tau of the polynomial schedule").above(0).unit("iterations"),
      integer("warmup_iterations", 0, "first steps, over which the step size grows linearly")
          .at_least(0)
          .unit("iterations")};
}

StepSizeSchedule::StepSizeSchedule(const Options& options, Index iterations, bool lowered_by_host)
    : learning_rate_(options.real("learning_rate")),
      exponent_(options.real("decay_exponent")),
      offset_(options.real("decay_offset")),
      warmup_(options.integer("warmup_iterations")),
      iterations_(iterations) {
  const std::string& name = options.text("schedule");
  if (name == "automatic") {
    shape_ = lowered_by_host ? Shape::constant : iterations > 0 ? Shape::cosine : Shape::polynomial;
  } else if (name == "constant") {
    shape_ = Shape::constant;
  } else if (name == "polynomial") {
    shape_ = Shape::polynomial;
  } else {
    shape_ = name == "linear" ? Shape::linear : Shape::cosine;
    if (iterations <= 0)
      throw OptionError("schedule \"" + name +
                        "\" decays to zero over the fit's budget of iterations, and the fit has "
                        "none; expected a limit of iterations, or another schedule");
  }
}

double StepSizeSchedule::operator()(Index t) const {
  const double spent = std::fmin(1, double(t) / double(std::max<Index>(iterations_, 1)));
  const double ramp = t < warmup_ ? double(t + 1) / double(warmup_) : 1;
  double decay = 1;
  switch (shape_) {
    case Shape::constant:
      break;
    case Shape::polynomial:
      decay = std::pow(double(t) + offset_, -exponent_);
      break;
    case Shape::linear:
      decay = 1 - spent;
      break;
    case Shape::cosine:
      decay = 0.5 * (1 + std::cos(pi * spent));
      break;
  }
  return learning_rate_ * ramp * decay;
}

}  // namespace elbow
