#include "check/pullback.hpp"

#include <cmath>

#include "check/report.hpp"
#include "check/subject.hpp"

namespace elbow::check {
namespace {

Gradient parameter_gradient(const Pullback& function, Draws x, Vector weights) {
  Eigen::VectorXd value(weights.size());
  Gradient gradient(*function.parameters);
  function.value(x, value);
  function.pull_back(weights, gradient.out(), unwanted());
  return gradient;
}

Eigen::MatrixXd point_gradient(const Pullback& function, Draws x, Vector weights) {
  Eigen::VectorXd value(weights.size());
  Eigen::MatrixXd g_x = Eigen::MatrixXd::Constant(x.rows(), x.cols(), 77);
  function.value(x, value);
  function.pull_back(weights, GradientOut(), g_x);
  return g_x;
}

}  // namespace

Eigen::VectorXd numbers_of(const Parameters& parameters) {
  Eigen::VectorXd all(parameters.size());
  all << parameters.f64(), parameters.f32().cast<double>();
  return all;
}

Eigen::VectorXd numbers_of(const Gradient& gradient) {
  Eigen::VectorXd all(gradient.f64().size() + gradient.f32().size());
  all << gradient.f64(), gradient.f32().cast<double>();
  return all;
}

void perturb(Parameters& parameters, double size, std::string_view purpose) {
  RandomStream numbers = stream(purpose);
  for (Index i = 0; i < parameters.f64().size(); ++i)
    parameters.f64()[i] += size * numbers.normal();
  for (Index i = 0; i < parameters.f32().size(); ++i)
    parameters.f32()[i] += float(size * numbers.normal());
}

Outcome judge_parameter_pullback(const Pullback& function, Draws x, Vector weights) {
  const Gradient claimed = parameter_gradient(function, x, weights);
  Eigen::VectorXd value(weights.size());
  return judge_gradient(
      *function.parameters, claimed,
      [&] {
        function.value(x, value);
        return weights.dot(value);
      },
      12,
      [&](GradientOut out) {
        function.value(x, value);
        function.pull_back(weights, out, unwanted());
      });
}

Outcome judge_point_pullback(const Pullback& function, Draws x, Vector weights, Scalar scalar) {
  const Eigen::MatrixXd claimed = point_gradient(function, x, weights);
  double worst = -1;
  std::string where;
  for (Index s = 0; s < std::min<Index>(3, x.cols()); ++s)
    for (Index d = 0; d < x.rows(); ++d) {
      Eigen::MatrixXd moved = x;
      const auto values = [&](const Eigen::VectorXd& steps) {
        Eigen::VectorXd result(steps.size()), value(x.cols());
        for (Index i = 0; i < steps.size(); ++i) {
          moved(d, s) = x(d, s) + steps[i];
          function.value(moved, value);
          result[i] = weights.dot(value);
        }
        return result;
      };
      const Derivative expected =
          scalar == Scalar::f64 ? derivative(values, 0.0625, 14) : derivative(values, 0.125, 5);
      const double scale = std::max(std::abs(expected.value), claimed.cwiseAbs().maxCoeff());
      const double allowed = tolerance(expected, scale, scalar);
      const double gap = std::abs(claimed(d, s) - expected.value);
      double ratio = std::isnan(gap) ? INFINITY : gap / allowed;
      if (ratio > 1) {
        const auto slope = [&](double t) {
          moved(d, s) = x(d, s) + t;
          return point_gradient(function, moved, weights)(d, s);
        };
        const auto value = [&](double t) { return values(Eigen::VectorXd::Constant(1, t))[0]; };
        ratio = mean_disagreement({value, slope}) / tolerance({}, scale, scalar);
        if (std::isnan(ratio)) ratio = INFINITY;
      }
      if (ratio <= worst) continue;
      worst = ratio;
      where =
          say("worst difference ", gap, " (tolerance ", allowed, ") in coordinate ", d,
              " of column ", s, ": found ", claimed(d, s), ", differences give ", expected.value);
    }
  return judge(worst <= 1, where);
}

Outcome judge_adds(const Pullback& function, Draws x, Vector weights) {
  const Eigen::VectorXd once = numbers_of(parameter_gradient(function, x, weights));
  if (once.size() == 0) return not_applicable("there are no parameters");
  Gradient gradient(*function.parameters);
  gradient.f64().setOnes();
  gradient.f32().setOnes();
  Eigen::VectorXd value(weights.size());
  function.value(x, value);
  function.pull_back(weights, gradient.out(), unwanted());
  const Eigen::VectorXd added = numbers_of(gradient).array() - 1;
  const double relative = function.parameters->f32().size() ? 1e-4 : 1e-9;
  return judge(worst_disagreement(added, once, relative), "parameter");
}

Outcome judge_unwanted(const Pullback& function, Draws x, Vector weights) {
  Eigen::VectorXd value(weights.size());
  Gradient gradient(*function.parameters);
  Eigen::MatrixXd g_x = Eigen::MatrixXd::Constant(x.rows(), x.cols(), 77);
  function.value(x, value);
  function.pull_back(weights, gradient.out(), g_x);
  const Disagreement points = worst_disagreement(point_gradient(function, x, weights), g_x, 1e-6);
  if (!points.none()) return judge(points, "without parameters: coordinate");
  const Eigen::VectorXd both = numbers_of(gradient);
  const Eigen::VectorXd alone = numbers_of(parameter_gradient(function, x, weights));
  return judge(worst_disagreement(alone, both, 1e-6), "parameter");
}

void check_pullback(Report& report, const std::string& name, const Pullback& function, Draws x,
                    Scalar scalar) {
  const Eigen::VectorXd weights = normals("weights", x.cols(), 1).col(0);
  report.check(name + "'s pull-back to the parameters agrees with differences",
               [&] { return judge_parameter_pullback(function, x, weights); });
  report.check(name + "'s pull-back to the points agrees with differences",
               [&] { return judge_point_pullback(function, x, weights, scalar); });
  report.check(name + "'s pull-back adds to the gradient and does not overwrite it",
               [&] { return judge_adds(function, x, weights); });
  report.check(name + "'s pull-back leaves out what is not wanted",
               [&] { return judge_unwanted(function, x, weights); });
}

}  // namespace elbow::check
