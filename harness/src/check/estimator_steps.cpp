// Steps of an estimator: trace, repetition, ascent, allocations, targets that are not finite.

#include <set>

#include "check/allocations.hpp"
#include "check/disagreement.hpp"
#include "check/fit_bench.hpp"
#include "check/mean.hpp"
#include "check/targets.hpp"

namespace elbow::check {
namespace {

constexpr Index steps = 300;

bool goes_on(Progress progress) { return progress == Progress::going; }

Outcome trace(const Bench& bench) {
  FitBench fit(bench);
  const std::vector<TraceField> fields = fit->trace_fields();
  if (fields.empty()) return failed("trace_fields() is empty; the first one is the objective");
  std::set<std::string> names;
  for (const TraceField& field : fields) {
    if (field.help.empty()) return failed("trace field \"", field.name, "\" has no help");
    if (!names.insert(field.name).second)
      return failed("two trace fields are called \"", field.name, "\"");
  }
  Eigen::VectorXd numbers = Eigen::VectorXd::Constant(Index(fields.size()) + 1, 77);
  for (Index i = 0; i < 3; ++i) {
    numbers.head(numbers.size() - 1).setConstant(12345);
    const Progress progress = fit.step(i, numbers.head(numbers.size() - 1));
    for (Index f = 0; f < numbers.size() - 1; ++f)
      if (numbers[f] == 12345)
        return failed("step ", i, " does not write \"", fields[std::size_t(f)].name, "\"");
    if (!goes_on(progress)) break;
  }
  return judge(numbers[numbers.size() - 1] == 77, fields.size(), " fields");
}

Outcome repeats(const Bench& bench) {
  FitBench one(bench), two(bench);
  const Index fields = Index(one->trace_fields().size());
  Eigen::VectorXd first(fields), second(fields);
  for (Index i = 0; i < 20; ++i) {
    const Progress a = one.step(i, first), b = two.step(i, second);
    if (a != b || !same_bits(first, second)) return failed("traces differ in step ", i);
    if (!same_bits(one.state(), two.state())) return failed("parameters differ after step ", i);
    if (!goes_on(a)) break;
  }
  return passed("traces and parameters");
}

Outcome resumption(const Bench& bench) {
  for (const Index saved_after : {0, 1, 25}) {
    FitBench one(bench), two(bench);
    const Index fields = Index(one->trace_fields().size());
    Eigen::VectorXd first(fields), second(fields);
    for (Index i = 0; i < saved_after; ++i)
      if (!goes_on(one.step(i, first))) break;
    if (!two.go_on_from(one))
      return not_applicable("state() returns false: an interrupted fit starts anew");
    for (Index i = saved_after; i < saved_after + 50; ++i) {
      const Progress a = one.step(i, first), b = two.step(i, second);
      if (a != b || !same_bits(first, second) || !same_bits(one.state(), two.state()))
        return failed("saved after ", saved_after, " steps, they differ in step ", i);
      if (!goes_on(a)) break;
    }
  }
  return passed("traces and parameters");
}

/// Half-way means of the objective: the last tenth against the first few steps.
Outcome ascent(const Bench& bench) {
  FitBench fit(bench);
  Eigen::VectorXd numbers(Index(fit->trace_fields().size()));
  std::vector<double> objective;
  for (Index i = 0; i < steps; ++i) {
    const Progress progress = fit.step(i, numbers);
    objective.push_back(numbers[0]);
    if (progress == Progress::diverged || progress == Progress::non_finite)
      return failed("step ", i, " ends with ",
                    progress == Progress::diverged ? "diverged" : "non_finite");
    if (!goes_on(progress)) break;
  }
  const Index n = Index(objective.size());
  const Eigen::Map<const Eigen::VectorXd> all(objective.data(), n);
  if (!all.allFinite()) return failed("an objective is not finite");
  if (n < 30) {
    const bool up = all[n - 1] >= all[0] - 1e-9 * std::max(1.0, std::abs(all[0]));
    return judge(up, n, " steps, from ", all[0], " to ", all[n - 1]);
  }
  const Estimate first = mean_of(all.head(n / 20)), last = mean_of(all.tail(n / 10));
  const double allowed = standard_errors * std::hypot(first.standard_error, last.standard_error) +
                         1e-9 * std::max(1.0, std::abs(first.value));
  return judge(last.value >= first.value - allowed, n, " steps, from ", first.value, " (se ",
               first.standard_error, ") to ", last.value, " (se ", last.standard_error, ")");
}

Outcome allocations(const Bench& bench) {
  FitBench fit(bench);
  Eigen::VectorXd numbers(Index(fit->trace_fields().size()));
  Index iteration = 0;
  return judge_allocations([&] { fit.step(iteration++, numbers); }, 5, 5);
}

Outcome non_finite(const Bench& bench) {
  const Ability offered = Ability::density | Ability::gradient | Ability::minibatch;
  if (!includes(offered, bench.subject.needs_of_model()) ||
      includes(bench.subject.needs_of_family(), Ability::discrete_draws))
    return not_applicable("it needs more than a density over R^D");
  NanTarget target;
  FitBench fit(bench, &target);
  const Eigen::VectorXd before = fit.state();
  Eigen::VectorXd numbers(Index(fit->trace_fields().size()));
  const Progress progress = fit.step(0, numbers);
  if (progress != Progress::non_finite)
    return failed("a density of NaN ends a step with ",
                  progress == Progress::going       ? "going"
                  : progress == Progress::converged ? "converged"
                                                    : "diverged",
                  ", expected non_finite");
  return judge(same_bits(before, fit.state()), "parameters are ",
               same_bits(before, fit.state()) ? "unchanged" : "changed by the failed step");
}

}  // namespace

void check_estimator_steps(const Bench& bench, Report& report) {
  report.check("the estimator can be put together", [&] {
    if (const std::string reason = FitBench::missing(bench); !reason.empty())
      return not_applicable(reason);
    FitBench fit(bench);
    return passed(fit.own_target() ? "on a target of the check's own"
                                   : "on a model of the plugin folders");
  });
  if (!FitBench::missing(bench).empty()) return;
  report.check("a step writes its whole trace", [&] { return trace(bench); });
  report.check("two runs of one stream are equal to the bit", [&] { return repeats(bench); });
  report.check("from a state saved and restored it goes on with the same bits",
               [&] { return resumption(bench); });
  report.check("steps raise the objective", [&] { return ascent(bench); });
  report.check("a step does not allocate", [&] { return allocations(bench); });
  report.check("a target that is NaN ends a step with non_finite and moves nothing",
               [&] { return non_finite(bench); });
}

}  // namespace elbow::check
