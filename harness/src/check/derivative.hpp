#pragma once

#include <elbow/parameters.hpp>
#include <functional>

#include "check/disagreement.hpp"

namespace elbow::check {

/// A derivative from central differences, with the error that the differences themselves show.
struct Derivative {
  double value = 0;
  double error = 0;
};

/// Central differences over a falling sequence of steps, extrapolated to zero; of all
/// extrapolations the one whose neighbours agree best is taken, so that neither rounding nor a
/// nearby kink spoils it (Ridders 1982).
/// @param values  [n] steps t to [n] values of f(x + t direction)
/// @param first_step, steps  t = first_step, first_step / 2, ...
Derivative derivative(const std::function<Eigen::VectorXd(const Eigen::VectorXd&)>& values,
                      double first_step, int steps);

/// A function and what is claimed to be its derivative, at steps t from a point.
struct ClaimedSlope {
  std::function<double(double t)> value, slope;
};

/// By how much f(h) - f(-h) differs from the integral of the claimed derivative from -h to h, over
/// 2 h. Differences tell nothing of a function whose kinks are closer than their steps (a ReLU
/// network of many units in single precision); the integral does not mind them.
double mean_disagreement(const ClaimedSlope& function);

/// Compares the gradient `claimed` of a scalar function of parameters with differences in up to
/// `most` coordinates of every block and along one random direction in each. The parameters are
/// put back. Row names count coordinates of a block.
/// @param value     the function at the current parameters
/// @param gradient  adds its claimed gradient there; where it is given, `mean_disagreement` decides
///                  over a coordinate in which differences disagree
Outcome judge_gradient(Parameters& parameters, const Gradient& claimed,
                       const std::function<double()>& value, Index most = 12,
                       const std::function<void(GradientOut)>& gradient = {});

/// Tolerance for a derivative that should equal `claimed` where gradients are of size `scale`.
double tolerance(const Derivative& difference, double scale, Scalar scalar);

}  // namespace elbow::check
