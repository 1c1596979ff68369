// What a chain depends on, and what a transition reports.

#include <set>

#include "check/chains.hpp"
#include "check/disagreement.hpp"
#include "check/targets.hpp"

namespace elbow::check {
namespace {

constexpr Index warmup = 15, draws = 15, chains = 4;

Eigen::MatrixXd start() { return normals("start", 3, chains); }

/// All states behind each other. [3 (warmup + draws) x chains]
Eigen::MatrixXd path(const Subject& subject, const Eigen::MatrixXd& from, Index first = 0,
                     std::string_view purpose = "chains") {
  GaussianTarget target;
  Chains run(subject, target, from, warmup, draws, first, purpose);
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(3 * (warmup + draws), from.cols());
  for (Index i = 0; i < warmup + draws; ++i) {
    const Progress progress = run.transition();
    all.middleRows(3 * i, 3) = run.z();
    if (progress != Progress::going) break;
  }
  return all;
}

Outcome determined(const Subject& subject) {
  const Eigen::MatrixXd one = path(subject, start());
  if (!same_bits(one, path(subject, start())))
    return failed("two runs of one stream give other draws");
  return judge(!same_bits(one, path(subject, start(), 0, "other chains")),
               "one stream twice, and another stream");
}

Outcome grouping(const Subject& subject) {
  if (subject.info.population) return not_applicable("the block is one population");
  const Eigen::MatrixXd together = path(subject, start());
  Eigen::MatrixXd alone(together.rows(), chains), pairs(together.rows(), chains);
  for (Index c = 0; c < chains; ++c) alone.col(c) = path(subject, start().col(c), c);
  for (Index c = 0; c < chains; c += 2)
    pairs.middleCols(c, 2) = path(subject, start().middleCols(c, 2), c);
  // Rounding may differ with the shape of the block, and a path carries it on.
  const Disagreement worst = worst_disagreement(together, alone, 1e-7);
  if (!worst.none()) return judge(worst, "state number");
  return judge(worst_disagreement(together, pairs, 1e-7), "state number");
}

Outcome statistics(const Subject& subject) {
  GaussianTarget target;
  Chains run(subject, target, start(), warmup, draws);
  const std::vector<TraceField> fields = run.sampler().statistics();
  std::set<std::string> names;
  for (const TraceField& field : fields) {
    if (field.help.empty()) return failed("statistic \"", field.name, "\" has no help");
    if (!names.insert(field.name).second)
      return failed("two statistics are called \"", field.name, "\"");
  }
  for (Index i = 0; i < 5; ++i)
    if (run.transition() != Progress::going) break;
  if (run.sampler().statistics().size() != fields.size())
    return failed("there were ", fields.size(), " statistics, and ",
                  run.sampler().statistics().size(), " after some transitions");
  return passed(fields.size(), " statistics");
}

/// The log density that a transition hands back is that of the state that it hands back.
Outcome consistent(const Subject& subject) {
  GaussianTarget target;
  Chains run(subject, target, start(), warmup, draws);
  Eigen::VectorXd expected(chains);
  for (Index i = 0; i < 10; ++i) {
    const Progress progress = run.transition();
    target.log_density(run.z(), expected);
    const Disagreement worst = worst_disagreement(run.log_density(), expected, 1e-9);
    if (!worst.none()) return judge(worst, "chain");
    if (progress != Progress::going) break;
  }
  return passed("10 transitions of ", chains, " chains");
}

}  // namespace

void check_sampler_streams(const Bench& bench, Report& report) {
  const Subject& subject = bench.subject;
  if (!cannot_sample(subject).empty()) return;
  report.check("streams determine everything", [&] { return determined(subject); });
  report.check("chains do not depend on how they are grouped", [&] { return grouping(subject); });
  report.check("statistics are named, explained and constant in number",
               [&] { return statistics(subject); });
  report.check("the log density handed back is that of the state",
               [&] { return consistent(subject); });
}

}  // namespace elbow::check
