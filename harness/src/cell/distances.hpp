#pragma once

#include <elbow/family.hpp>
#include <elbow/model.hpp>
#include <string>
#include <vector>

#include "cell/moments.hpp"
#include "cell/reference_sample.hpp"
#include "cell/settings.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

/// Draws of an approximation or of a sampler, to be compared with others.
struct ComparedDraws {
  Eigen::MatrixXd x;    ///< [C x n] constrained, those of a chain beside each other
  Eigen::VectorXd ess;  ///< [C] effective numbers of all draws that x is chosen from
  MomentEstimates moments;
};

/// How far draws are from what is known of the posterior, each with a Monte-Carlo standard error:
/// errors of moments, marginal Wasserstein distances, squared maximum mean discrepancy, symmetric
/// KL divergence of Gaussians, and where it is asked for the classifier two-sample test. Variables
/// whose reference has no finite positive sd are left out; the others are taken in units of it.
/// Errors of single variables go to the group `prefix` + "reference_errors".
void add_distances(const ComparedDraws& draws, Model& target, const ReferenceSample& reference,
                   const EvaluationSettings& settings, RandomStream stream,
                   const std::string& prefix, CellWriter& writer, std::vector<Metric>& metrics);

/// The squared kernel Stein discrepancy of draws in unconstrained space; nothing where the model
/// has no gradient, or below four draws. @param z  [D x n]  independent
void add_stein_discrepancy(Density& density, Draws z, std::vector<Metric>& metrics);

/// Bounds of the log evidence from above by exact draws of the posterior: EUBO, the mean of
/// log p - log q, and CUBO, log E_q[(p / q)^2] / 2, which is log Z / 2 + log E_p[p / q] / 2.
/// @param exact         [D x n]
/// @param log_evidence  NaN where it is not known: then without CUBO
void add_upper_bounds(Family& q, Density& p, Draws exact, Estimate log_evidence,
                      std::vector<Metric>& metrics);

}  // namespace elbow
