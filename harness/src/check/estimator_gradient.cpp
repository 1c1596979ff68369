// The mean of a gradient estimate against differences of the objective's mean.

#include <algorithm>
#include <cmath>

#include "check/fit_bench.hpp"
#include "check/mean.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index runs = 1000;

/// Objective and gradient of one run at the current parameters. The estimator's own memory (running
/// baselines) lives on from run to run, as it does in a fit.
class Measurement {
 public:
  explicit Measurement(FitBench& fit)
      : fit_(fit), trace_(Index(fit->gradient_estimator()->own_fields().size())) {
    for (Parameters* parameters : fit.trained()) gradients_.emplace_back(*parameters);
    for (Gradient& gradient : gradients_) outs_.push_back(gradient.out());
  }

  double value(std::uint64_t run) {
    for (Gradient& gradient : gradients_) gradient.set_zero();
    Fit surroundings = fit_.fit(0, run);
    return fit_->gradient_estimator()->value_and_gradient(surroundings, outs_, trace_);
  }
  /// Of all runs. [runs]
  Eigen::VectorXd values() {
    Eigen::VectorXd all(runs);
    for (Index run = 0; run < runs; ++run) all[run] = value(std::uint64_t(run));
    return all;
  }
  /// Of the most recent value.
  Eigen::VectorXd gradient() const {
    Eigen::VectorXd all(0);
    for (const Gradient& part : gradients_) {
      const Eigen::VectorXd numbers = numbers_of(part);
      all.conservativeResize(all.size() + numbers.size());
      all.tail(numbers.size()) = numbers;
    }
    return all;
  }

 private:
  FitBench& fit_;
  Eigen::VectorXd trace_;
  std::vector<Gradient> gradients_;
  std::vector<GradientOut> outs_;
};

void move(const std::vector<Parameters*>& trained, const Eigen::VectorXd& to) {
  Index at = 0;
  for (Parameters* parameters : trained) {
    const Index wide = parameters->f64().size(), narrow = parameters->f32().size();
    parameters->f64() = to.segment(at, wide);
    parameters->f32() = to.segment(at + wide, narrow).cast<float>();
    at += wide + narrow;
  }
}

Eigen::VectorXd numbers(const std::vector<Parameters*>& trained) {
  Eigen::VectorXd all(0);
  for (const Parameters* parameters : trained) {
    const Eigen::VectorXd part = numbers_of(*parameters);
    all.conservativeResize(all.size() + part.size());
    all.tail(part.size()) = part;
  }
  return all;
}

/// The standard deviation of what single precision adds to the objective's mean over the runs,
/// where parameters are of it: at points so near that the gradient tells the rest. Parameters and
/// what all runs share are rounded alike in all of them, so that the runs' spread does not show it.
double rounding_of_mean(Measurement& measure, const std::vector<Parameters*>& trained,
                        const Eigen::VectorXd& start, double value,
                        const Eigen::VectorXd& gradient) {
  const bool single = std::any_of(trained.begin(), trained.end(),
                                  [](const Parameters* p) { return p->f32().size() > 0; });
  if (!single) return 0;
  constexpr Index points = 8;
  constexpr double distance = 1e-4;
  const Eigen::MatrixXd v =
      distance * normals("near points", start.size(), points).colwise().normalized();
  double squares = 0;
  for (Index k = 0; k < points; ++k) {
    move(trained, start + v.col(k));
    squares += std::pow(measure.values().mean() - value - gradient.dot(v.col(k)), 2);
  }
  move(trained, start);
  return std::sqrt(squares / double(points));
}

/// Along some directions u: gradient . u minus a difference of the objective under common random
/// numbers, run by run; its mean is zero when the gradient is unbiased.
Outcome unbiased(const Bench& bench) {
  FitBench fit(bench);
  for (Parameters* parameters : fit.trained()) perturb(*parameters, 0.15);
  Measurement measure(fit);
  const Eigen::VectorXd start = numbers(fit.trained());
  const Index directions = std::min<Index>(4, start.size());
  const Eigen::MatrixXd u = normals("directions", start.size(), directions).colwise().normalized();

  Eigen::MatrixXd slope(runs, directions);
  double value = 0;
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(start.size());
  for (Index run = 0; run < runs; ++run) {
    value += measure.value(std::uint64_t(run)) / double(runs);
    const Eigen::VectorXd one = measure.gradient();
    slope.row(run) = one.transpose() * u;
    gradient += one / double(runs);
  }
  const double rounding = rounding_of_mean(measure, fit.trained(), start, value, gradient);
  const auto difference = [&](Index direction, double step) {
    move(fit.trained(), start + step * u.col(direction));
    const Eigen::VectorXd above = measure.values();
    move(fit.trained(), start - step * u.col(direction));
    const Eigen::VectorXd below = measure.values();
    move(fit.trained(), start);
    return Eigen::VectorXd((above - below) / (2 * step));
  };
  FarthestPair farthest;
  for (Index k = 0; k < directions; ++k) {
    const Eigen::VectorXd wide = difference(k, 0.1), narrow = difference(k, 0.05);
    const Eigen::VectorXd expected = (4 * narrow - wide) / 3;
    const Estimate mean = mean_of(expected);
    Estimate gap = mean_of(slope.col(k) - expected);
    // What the extrapolated difference itself may be off, with a gradient that has no noise: its
    // ends weigh 4/3 and 1/3 of two differences over 0.1 and 0.2.
    const double rough = 1e-4 * std::max(1.0, std::abs(mean.value)) +
                         standard_errors * rounding * std::sqrt(2.) * std::hypot(40, 5) / 3;
    if (std::abs(gap.value) <= rough) gap.value = 0;
    farthest.add(say("direction ", k, ", slope ", mean.value), gap, {});
  }
  return farthest.outcome();
}

}  // namespace

void check_estimator_gradient(const Bench& bench, Report& report) {
  if (!bench.subject.info.uses_optimizer || !FitBench::missing(bench).empty()) return;
  report.check("it says whose parameters the optimizer moves", [&] {
    FitBench fit(bench);
    return judge(!fit.trained().empty(), fit.trained().size(), " sets of parameters");
  });
  report.check("the gradient's mean is the objective's gradient", [&] {
    if (!bench.subject.can(Ability::unbiased_gradient))
      return not_applicable("the ability \"unbiased_gradient\" is not declared");
    FitBench fit(bench);
    if (!fit->gradient_estimator())
      return failed("unbiased_gradient is declared, but gradient_estimator() is null");
    return unbiased(bench);
  });
}

}  // namespace elbow::check
