#pragma once

#include <elbow/math.hpp>
#include <string>
#include <vector>

#include "cell/ingredients.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// An ELBO from fresh draws; NaN where the method has nothing to draw from or the model no density.
struct ElboEstimate {
  double value = not_a_number;  ///< -inf or NaN when a draw has such a log density: none is dropped
  double mcse = not_a_number;
};

/// The ELBO of the current approximation over all data items.
ElboEstimate estimate_elbo(Ingredients& cell, Fit& fit, RandomStream stream, Index draws);

/// log p - log q of fresh draws of the current approximation, over all data items. [draws]
/// Empty where the method has nothing to draw from or the model no density.
Eigen::VectorXd elbo_terms(Ingredients& cell, Fit& fit, RandomStream stream, Index draws);

/// What a fit has come to: stores draws of the approximation (posterior, unconstrained_posterior,
/// sample_stats) and its parameters (vi_parameters), and measures it: ELBO with its Monte-Carlo
/// error from fresh draws, log evidence by Pareto-smoothed importance sampling with k-hat, errors
/// of moments against a Reference, exact KL where both sides are Gaussian, and the variance of the
/// gradient estimator at the end point.
/// @param prefix  of the groups of draws and of the metrics: "", or "fit_" where a sampler follows
std::vector<Metric> evaluate_fit(Ingredients& cell, Fit& fit, const std::string& prefix,
                                 CellWriter& writer);

}  // namespace elbow
