#include <elbow/first_order_optimizer.hpp>

namespace elbow {

std::vector<Option> FirstOrderOptimizer::options(double learning_rate, std::vector<Option> own) {
  for (Option& option : StepSizeSchedule::options(learning_rate)) own.push_back(std::move(option));
  own.push_back(
      real("clip_norm", optional, "gradients with a larger Euclidean norm are scaled down to it")
          .above(0));
  for (Option& option : IterateAverage::options()) own.push_back(std::move(option));
  return own;
}

FirstOrderOptimizer::FirstOrderOptimizer(const OptimizerSetup& setup)
    : parameters_(setup.parameters.begin(), setup.parameters.end()),
      schedule_(setup.options, setup.iterations, setup.lowered_by_host),
      average_(setup.options, setup.parameters, setup.iterations),
      clip_norm_(setup.options.has("clip_norm") ? setup.options.real("clip_norm")
                                                : std::numeric_limits<double>::infinity()) {}

void FirstOrderOptimizer::step(std::span<const Gradient* const> gradients) {
  double scale = 1;
  if (std::isfinite(clip_norm_)) {
    double squared_norm = 0;
    for (const Gradient* gradient : gradients) squared_norm += gradient->squared_norm();
    scale = std::fmin(1, clip_norm_ / std::sqrt(squared_norm));
  }
  step_size_ = lowered_ * schedule_(steps_);
  begin_step(++steps_);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    move(Index(i), *parameters_[i], *gradients[i], scale, step_size_);
  average_.update();
}

bool FirstOrderOptimizer::state(StateArchive& archive) {
  archive(average_, lowered_, steps_, step_size_);
  return own_state(archive);
}

bool FirstOrderOptimizer::lower_step_size(double factor) {
  lowered_ *= factor;
  average_.restart();
  return true;
}

}  // namespace elbow
