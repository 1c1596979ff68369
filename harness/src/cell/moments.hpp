#pragma once

#include <elbow/model.hpp>
#include <optional>
#include <vector>

#include "record/cell_writer.hpp"

namespace elbow {

/// Means and central moments of draws that come block by block, one row per quantity (Pebay 2008's
/// update formulas, for up to the fourth moment).
class RunningMoments {
 public:
  explicit RunningMoments(Index rows);
  void add(Draws x);  ///< [C x n]

  Index count() const { return count_; }
  const Eigen::VectorXd& mean() const { return mean_; }
  Eigen::VectorXd sd() const;  ///< n - 1 in the denominator
  /// Standard errors under independent draws.
  Eigen::VectorXd mean_standard_error() const;
  Eigen::VectorXd sd_standard_error() const;  ///< delta method: sqrt((m4 - m2^2) / n) / (2 sd)

 private:
  Index count_ = 0;
  Eigen::VectorXd mean_, m2_, m3_, m4_;
};

/// Means and standard deviations with their standard errors, of an approximation or of a reference.
struct MomentEstimates {
  Eigen::VectorXd mean, sd, mean_standard_error, sd_standard_error;
};

/// Moments of particles with weights that add up to 1; those of no weight may lie anywhere.
/// Standard errors are those of self-normalised importance sampling, as if particles were
/// independent.
/// @param x  [C x n]   @param weights  [n]
MomentEstimates weighted_moments(Draws x, Vector weights);

/// What is known of the posterior's moments: declared ones, else those of reference draws, else
/// those of exact draws.
/// @param variables  C, the number of constrained variables
/// @throws Error when a Reference answers with another length than C.
std::optional<MomentEstimates> reference_moments(Model& model, Index variables,
                                                 RandomStream stream);

/// The variables whose reference has a finite mean and a finite positive sd.
std::vector<Index> usable_variables(const MomentEstimates& reference);

/// mean_error_max, mean_error_rms, sd_error_max, sd_error_rms: errors in units of the reference's
/// sd. Variables whose reference has no finite positive sd are left out.
void add_moment_errors(const MomentEstimates& estimate, const MomentEstimates& reference,
                       std::vector<Metric>& metrics);

}  // namespace elbow
