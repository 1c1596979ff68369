// Optimizers on a concave quadratic, in both scalar types.

#include <array>
#include <cmath>

#include "check/allocations.hpp"
#include "check/disagreement.hpp"
#include "check/kept_state.hpp"
#include "check/pullback.hpp"
#include "check/suites.hpp"

namespace elbow::check {
namespace {

constexpr Index steps = 500;

/// -1/2 sum c (x - a)^2 over two sets of parameters: float64 and float32 blocks, and float32 only.
class Quadratic {
 public:
  Quadratic() {
    sets_[0].add("wide", 3);
    sets_[0].add("matrix", 2, 2);
    sets_[0].add_f32("narrow", 3);
    sets_[1].add_f32("alone", 5);
    for (const Parameters& set : sets_) gradients_.emplace_back(set);
    for (const Gradient& gradient : gradients_) views_.push_back(&gradient);
  }
  Quadratic(const Quadratic&) = delete;

  std::span<Parameters* const> parameters() { return pointers_; }
  std::span<const Gradient* const> gradients() const { return views_; }

  double value() const {
    double sum = 0;
    for (const Parameters& set : sets_)
      sum += (set.f64().array() - target).square().sum() +
             (set.f32().cast<double>().array() - target).square().sum();
    return -0.5 * curvature * sum;
  }
  void step(Optimizer& optimizer) const {
    optimizer.observe(value());
    optimizer.step(gradients());
  }
  void compute_gradient() {
    for (std::size_t i : {0, 1}) {
      gradients_[i].f64() = -curvature * (sets_[i].f64().array() - target).matrix();
      gradients_[i].f32() = -float(curvature) * (sets_[i].f32().array() - float(target)).matrix();
    }
  }
  void copy_to(Quadratic& other) const {
    for (std::size_t i : {0, 1}) {
      other.sets_[i].f64() = sets_[i].f64();
      other.sets_[i].f32() = sets_[i].f32();
    }
  }
  void add_noise(RandomStream stream) {
    for (Gradient& gradient : gradients_) {
      for (double& g : gradient.f64()) g += stream.normal();
      for (float& g : gradient.f32()) g += float(stream.normal());
    }
  }
  void zero_gradient() {
    for (Gradient& gradient : gradients_) gradient.set_zero();
  }
  Eigen::VectorXd numbers() const {
    Eigen::VectorXd all(sets_[0].size() + sets_[1].size());
    all << numbers_of(sets_[0]), numbers_of(sets_[1]);
    return all;
  }
  Eigen::VectorXd gradient_numbers() const {
    Eigen::VectorXd all(sets_[0].size() + sets_[1].size());
    all << numbers_of(gradients_[0]), numbers_of(gradients_[1]);
    return all;
  }

  static constexpr double target = 1, curvature = 1;

 private:
  std::array<Parameters, 2> sets_;
  std::vector<Gradient> gradients_;
  std::vector<Parameters*> pointers_ = {&sets_[0], &sets_[1]};
  std::vector<const Gradient*> views_;
};

Eigen::VectorXd estimates(Optimizer& optimizer, Quadratic& problem) {
  Eigen::VectorXd all(0);
  for (Index which : {0, 1}) {
    const Parameters& set = *problem.parameters()[std::size_t(which)];
    Eigen::VectorXd f64 = set.f64();
    Eigen::VectorXf f32 = set.f32();
    optimizer.estimate(which, f64, f32);
    const Index before = all.size();
    all.conservativeResize(before + set.size());
    all.segment(before, f64.size()) = f64;
    all.tail(f32.size()) = f32.cast<double>();
  }
  return all;
}

Eigen::VectorXd run(const Subject& subject, Index count) {
  Quadratic problem;
  const auto optimizer = subject.optimizer(problem.parameters(), count);
  for (Index i = 0; i < count; ++i) {
    problem.compute_gradient();
    problem.step(*optimizer);
  }
  return estimates(*optimizer, problem);
}

Outcome ascent(const Subject& subject) {
  const Eigen::VectorXd end = run(subject, steps);
  if (!end.allFinite()) return failed("the estimate is not finite after ", steps, " steps");
  const Eigen::VectorXd gap = (end.array() - Quadratic::target).abs();
  Index worst = 0;
  const double largest = gap.maxCoeff(&worst);
  return judge(largest < 0.95, "distance 1 becomes ", largest, " in ", steps, " steps (number ",
               worst, ")");
}

Outcome scalars(const Subject& subject) {
  const Eigen::VectorXd end = run(subject, 50);
  return judge(worst_disagreement(end, Eigen::VectorXd::Constant(end.size(), end[0]), 1e-3),
               "number");
}

Outcome first_zero_gradient(const Subject& subject) {
  Quadratic problem;
  const auto optimizer = subject.optimizer(problem.parameters(), steps);
  const Eigen::VectorXd before = problem.numbers();
  problem.zero_gradient();
  for (int i = 0; i < 3; ++i) problem.step(*optimizer);
  return judge(same_bits(before, problem.numbers()), "3 steps from the start");
}

/// Momentum carries on for a while, but not for ever.
Outcome decay(const Subject& subject) {
  Quadratic problem;
  const auto optimizer = subject.optimizer(problem.parameters(), 4000);
  for (int i = 0; i < 10; ++i) {
    problem.compute_gradient();
    problem.step(*optimizer);
  }
  problem.zero_gradient();
  for (int i = 0; i < 3000; ++i) problem.step(*optimizer);
  const Eigen::VectorXd before = problem.numbers();
  problem.step(*optimizer);
  if (!problem.numbers().allFinite()) return failed("parameters are not finite");
  const double moved = (problem.numbers() - before).cwiseAbs().maxCoeff();
  return judge(moved < 1e-6, "step 3000 still moves by ", moved);
}

Outcome gradients_kept(const Subject& subject) {
  Quadratic problem;
  const auto optimizer = subject.optimizer(problem.parameters(), steps);
  problem.compute_gradient();
  const Eigen::VectorXd before = problem.gradient_numbers();
  problem.step(*optimizer);
  return judge(same_bits(before, problem.gradient_numbers()), before.size(), " numbers");
}

Outcome layout(const Subject& subject) {
  Quadratic problem;
  const auto optimizer = subject.optimizer(problem.parameters(), steps);
  const Eigen::VectorXd start = estimates(*optimizer, problem);
  if (!start.allFinite()) return failed("before the first step it is not finite");
  for (int i = 0; i < 5; ++i) {
    problem.compute_gradient();
    problem.step(*optimizer);
  }
  const Eigen::VectorXd found = estimates(*optimizer, problem);
  if (!found.allFinite()) return failed("it is not finite after five steps");
  const double rate = optimizer->step_size();
  return judge(std::isnan(rate) || (std::isfinite(rate) && rate >= 0), found.size(),
               " numbers, step size ", rate);
}

/// One step of a noisy objective, whose noise does not depend on what came before.
void noisy_step(Quadratic& problem, Optimizer& optimizer, Index iteration) {
  problem.compute_gradient();
  problem.add_noise(stream("gradient noise").substream(std::uint64_t(iteration)));
  problem.step(optimizer);
}

/// Goes on for 200 steps from what was saved after `saved_after`, beside the optimizer itself.
Outcome resumption(const Subject& subject) {
  KeptState state;
  for (const Index saved_after : {0, 1, 7, 60, 130}) {
    Quadratic first, second;
    const auto one = subject.optimizer(first.parameters(), steps);
    const auto two = subject.optimizer(second.parameters(), steps);
    for (Index i = 0; i < saved_after; ++i) {
      noisy_step(first, *one, i);
      if (i == 20) one->lower_step_size(0.5);
    }
    if (!state.save(*one))
      return not_applicable("state() returns false: an interrupted fit starts anew");
    first.copy_to(second);
    state.restore(*two);
    for (Index i = saved_after; i < saved_after + 200; ++i) {
      noisy_step(first, *one, i);
      noisy_step(second, *two, i);
      if (!same_bits(first.numbers(), second.numbers()) ||
          !same_bits(estimates(*one, first), estimates(*two, second)))
        return failed("saved after ", saved_after, " steps, they differ in step ", i);
    }
  }
  return passed(state.size(), " bytes");
}

}  // namespace

void check_optimizer(const Bench& bench, Report& report) {
  const Subject& subject = bench.subject;
  report.check("it climbs a quadratic in float64 and float32 blocks",
               [&] { return ascent(subject); });
  report.check("float64 and float32 blocks move alike", [&] { return scalars(subject); });
  report.check("two runs are equal to the bit",
               [&] { return judge(same_bits(run(subject, 50), run(subject, 50)), "50 steps"); });
  report.check("from a state saved and restored it goes on with the same bits",
               [&] { return resumption(subject); });
  report.check("a gradient of zeros from the start moves nothing",
               [&] { return first_zero_gradient(subject); });
  report.check("under a gradient of zeros all movement dies away", [&] { return decay(subject); });
  report.check("a step leaves the gradients as they are", [&] { return gradients_kept(subject); });
  report.check("estimate fills the parameters' layout", [&] { return layout(subject); });
  report.check("a step does not allocate", [&] {
    Quadratic problem;
    const auto optimizer = subject.optimizer(problem.parameters(), steps);
    problem.compute_gradient();
    return judge_allocations([&] { problem.step(*optimizer); }, 2, 10);
  });
}

}  // namespace elbow::check
