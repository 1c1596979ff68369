#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

namespace elbow::test {

/// Runs an R script on matrices and returns the numbers that it makes of each. The script is the
/// body of a function of the matrix `x` that returns a numeric vector.
/// @param package  is loaded first
/// @return one vector per matrix; nothing where R or the package is not installed (the caller then
///         skips the comparison)
std::vector<Eigen::VectorXd> r_peer(const std::string& package, const std::string& body,
                                    const std::vector<Eigen::MatrixXd>& inputs);

}  // namespace elbow::test
