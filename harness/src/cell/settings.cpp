#include "cell/settings.hpp"

namespace elbow {
namespace {

/// Optional settings that are absent are 0: no such budget.
template <class T>
T number(const Json& settings, const char* name) {
  const auto found = settings.find(name);
  return found == settings.end() ? T(0) : found->get<T>();
}

}  // namespace

MethodSettings::MethodSettings(const Json& settings)
    : iterations(number<Index>(settings.value("stop", Json::object()), "iterations")),
      no_steps(settings.value("stop", Json::object()).value("iterations", Index(1)) == 0),
      seconds(number<double>(settings.value("stop", Json::object()), "seconds")),
      gradient_evaluations(
          number<Index>(settings.value("stop", Json::object()), "gradient_evaluations")),
      stationary(number<double>(settings.value("stop", Json::object()), "stationary")),
      relative_change(number<double>(settings.value("stop", Json::object()), "relative_change")),
      batch_size(number<Index>(settings, "batch_size")),
      draws(number<Index>(settings, "draws")),
      chains(number<Index>(settings, "chains")),
      warmup(number<Index>(settings, "warmup")),
      thin(number<Index>(settings, "thin")),
      initial_radius(number<double>(settings, "initial_radius")),
      initial_tries(number<Index>(settings, "initial_tries")),
      initial_candidates(number<Index>(settings, "initial_candidates")),
      save_warmup(settings.value("save_warmup", false)),
      fit(settings.value("fit", std::string())) {}

EvaluationSettings::EvaluationSettings(const Json& settings)
    : draws(number<Index>(settings, "draws")),
      checkpoint_draws(number<Index>(settings, "checkpoint_draws")),
      checkpoints(settings.value("checkpoints", false)),
      calibration_draws(number<Index>(settings, "calibration_draws")),
      gradient_draws(number<Index>(settings, "gradient_draws")),
      checkpoint_gradient_draws(number<Index>(settings, "checkpoint_gradient_draws")),
      kernel_draws(number<Index>(settings, "kernel_draws")),
      checkpoint_items(number<Index>(settings, "checkpoint_items")),
      item_draws(number<Index>(settings, "item_draws")),
      mutual_information_items(number<Index>(settings, "mutual_information_items")),
      log_likelihood_draws(number<Index>(settings, "log_likelihood_draws")),
      log_likelihood_items(number<Index>(settings, "log_likelihood_items")),
      stored_items(number<Index>(settings, "stored_items")),
      c2st(settings.value("c2st", false)),
      c2st_draws(number<Index>(settings, "c2st_draws")) {}

}  // namespace elbow
