#pragma once

#include <functional>

#include "check/derivative.hpp"

namespace elbow::check {

/// A function of a block of points x and of parameters, with its pull-back: the shape that
/// LatentItems, Energy and Family::log_prob share.
struct Pullback {
  Parameters* parameters;
  std::function<void(Draws x, VectorOut value)> value;
  /// Of the most recent `value`.
  std::function<void(Vector weights, GradientOut parameters, DrawsOut g_x)> pull_back;
};

/// Weighted sum of values, its gradient with respect to the parameters against differences.
Outcome judge_parameter_pullback(const Pullback& function, Draws x, Vector weights);
/// The same with respect to x. @param scalar  what it is computed in
Outcome judge_point_pullback(const Pullback& function, Draws x, Vector weights, Scalar scalar);
/// A second pull-back adds to what the gradient holds.
Outcome judge_adds(const Pullback& function, Draws x, Vector weights);
/// Pull-backs with one of the outputs not wanted give the other one unchanged.
Outcome judge_unwanted(const Pullback& function, Draws x, Vector weights);

class Report;
/// All of the above, for a function with the given name in the checks' sentences.
void check_pullback(Report& report, const std::string& name, const Pullback& function, Draws x,
                    Scalar scalar);

/// Moves parameters away from special places such as zeros. `size` is the standard deviation.
void perturb(Parameters& parameters, double size, std::string_view purpose = "perturbation");

/// The parameters' numbers, f64 blocks first, for comparisons. [size()]
Eigen::VectorXd numbers_of(const Parameters& parameters);
Eigen::VectorXd numbers_of(const Gradient& gradient);

}  // namespace elbow::check
