#pragma once

#include <elbow/types.hpp>
#include <optional>

#include "cell/ingredients.hpp"

namespace elbow {

/// The noise of one gradient estimate, over all trained parameters.
struct GradientNoise {
  Estimate variance;         ///< summed over the parameters
  Estimate signal_to_noise;  ///< |E g| / (sum of variances)^(1/2); |E g|^2 without its bias
};

/// From repeated estimates at the same parameters; standard errors by the jackknife over ten
/// blocks of them. It may change the state of the estimator (a running baseline), not its
/// parameters nor the counts. Nothing without a gradient estimator or below two estimates, and on
/// minibatches.
std::optional<GradientNoise> gradient_noise(Ingredients& cell, const Fit& fit, RandomStream stream,
                                            Index estimates);

/// The same in a child process, so that the fit goes on as if nothing had been measured. Nothing
/// where the child fails.
std::optional<GradientNoise> gradient_noise_aside(Ingredients& cell, const Fit& fit,
                                                  RandomStream stream, Index estimates);

}  // namespace elbow
