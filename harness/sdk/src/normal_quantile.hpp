#pragma once

#include <Eigen/Core>

namespace elbow {

/// Replaces uniforms on (0, 1) by the standard normal's quantiles. Every element goes through the
/// same vector instructions wherever it stands, so that its bits do not depend on n.
void normal_quantiles(double* values, Eigen::Index n);

}  // namespace elbow
