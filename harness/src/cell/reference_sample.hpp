#pragma once

#include <elbow/model.hpp>

namespace elbow {

/// Draws of the posterior to compare with. Both are empty where there are none.
struct ReferenceSample {
  Eigen::MatrixXd x;  ///< [C x n] constrained: the reference draws, else exact ones
  Eigen::MatrixXd z;  ///< [D x m] exact draws, unconstrained
};

/// @param variables  C, the number of constrained variables
/// @param most       of so many reference draws at most, evenly spaced
/// @throws Error when reference draws have another number of rows.
ReferenceSample reference_sample(Model& model, Index variables, Index most, RandomStream stream);

/// n columns, evenly spaced; all where there are no more. [C x min(n, columns)]
Eigen::MatrixXd evenly_spaced(Draws x, Index n);

/// How many draws the distances of samples use: 10,000, and fewer where they would be more than 4
/// million numbers.
Index distance_draws(Index variables);

}  // namespace elbow
