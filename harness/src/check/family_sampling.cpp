// Draws and densities of a family: agreement, blocks, order, memory layout, repetition.

#include "check/allocations.hpp"
#include "check/disagreement.hpp"
#include "check/family_bench.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 8;

double rounding(const FamilyBench& q) { return q.scalar() == Scalar::f32 ? 1e-4 : 1e-8; }

Outcome same_density(FamilyBench& q) {
  const auto drawn = q.sample(q.noise(draws));
  return judge(worst_disagreement(drawn.log_q, q.log_prob(drawn.z), rounding(q)), "draw");
}

Outcome unwanted_log_q(FamilyBench& q) {
  const Eigen::MatrixXd noise = q.noise(draws);
  const auto both = q.sample(noise);
  Eigen::MatrixXd z = Eigen::MatrixXd::Constant(q.dimension(), draws, NAN);
  q->sample(noise, z, unwanted_vector());
  return judge(worst_disagreement(z, both.z, 1e-12), "coordinate");
}

Outcome blocks(FamilyBench& q) {
  const Eigen::MatrixXd noise = q.noise(draws);
  q.bind(draws);
  const auto together = q.sample(noise);
  Eigen::MatrixXd z(q.dimension(), draws);
  Eigen::VectorXd log_q(draws);
  for (Index s = 0; s < draws; ++s) {
    q.bind_one(s / (draws / 2), 1);
    const auto alone = q.sample(noise.col(s));
    z.col(s) = alone.z;
    log_q.segment(s, 1) = alone.log_q;
  }
  q.bind(draws);
  const Disagreement points = worst_disagreement(together.z, z, rounding(q));
  if (!points.none()) return judge(points, "coordinate");
  return judge(worst_disagreement(together.log_q, log_q, rounding(q)), "draw");
}

Outcome density_blocks(FamilyBench& q) {
  q.bind(draws);
  const Eigen::MatrixXd z = q.sample(q.noise(draws)).z;
  const Eigen::VectorXd together = q.log_prob(z);
  Eigen::VectorXd alone(draws);
  for (Index s = 0; s < draws; ++s) {
    q.bind_one(s / (draws / 2), 1);
    alone.segment(s, 1) = q.log_prob(z.col(s));
  }
  q.bind(draws);
  return judge(worst_disagreement(together, alone, rounding(q)), "draw");
}

/// Columns of one context may change places.
Outcome order(FamilyBench& q) {
  q.bind_one(0, draws);
  const Eigen::MatrixXd noise = q.noise(draws);
  const Eigen::MatrixXd reversed = noise.rowwise().reverse();
  const auto forwards = q.sample(noise);
  const auto backwards = q.sample(reversed);
  q.bind(draws);
  const Disagreement points =
      worst_disagreement(backwards.z.rowwise().reverse(), forwards.z, rounding(q));
  if (!points.none()) return judge(points, "coordinate");
  return judge(worst_disagreement(backwards.log_q.reverse(), forwards.log_q, rounding(q)), "draw");
}

Outcome strides(FamilyBench& q) {
  const Eigen::MatrixXd noise = q.noise(draws);
  const auto expected = q.sample(noise);
  Eigen::MatrixXd wide_noise = Eigen::MatrixXd::Constant(noise.rows() + 3, draws, NAN);
  Eigen::MatrixXd wide = Eigen::MatrixXd::Constant(q.dimension() + 5, draws, 77);
  wide_noise.topRows(noise.rows()) = noise;
  Eigen::VectorXd log_q(draws);
  q->sample(wide_noise.topRows(noise.rows()), wide.topRows(q.dimension()), log_q);
  if ((wide.bottomRows(5).array() != 77).any()) return failed("sample writes beyond its block");
  return judge(worst_disagreement(wide.topRows(q.dimension()), expected.z, rounding(q)),
               "coordinate");
}

Outcome repeats(const Subject& subject) {
  FamilyBench one(subject), two(subject);
  one.bind(draws), two.bind(draws);
  const auto first = one.sample(one.noise(draws));
  const auto second = two.sample(two.noise(draws));
  const auto third = two.sample(two.noise(draws));
  return judge(same_bits(first.z, second.z) && same_bits(second.z, third.z) &&
                   same_bits(first.log_q, second.log_q) && same_bits(second.log_q, third.log_q),
               "two families made from one stream, and two calls");
}

Outcome values(FamilyBench& q, bool discrete) {
  const auto drawn = q.sample(q.noise(draws));
  if (!drawn.z.allFinite() || !drawn.log_q.allFinite())
    return failed("not all draws and densities are finite");
  if (!discrete) return passed(draws, " draws");
  const bool binary = ((drawn.z.array() == 0) || (drawn.z.array() == 1)).all();
  return judge(binary, "draws are ", binary ? "" : "not all ", "0 or 1");
}

}  // namespace

void check_family_sampling(const Bench& bench, Report& report) {
  const Subject& subject = bench.subject;
  FamilyBench q(subject);
  q.bind(draws);
  const bool density = subject.can(Ability::log_prob);
  report.check("draws and their densities are finite",
               [&] { return values(q, subject.can(Ability::discrete_draws)); });
  if (density) report.check("sample and log_prob agree on log q", [&] { return same_density(q); });
  report.check("draws are the same when log q is not wanted", [&] { return unwanted_log_q(q); });
  report.check("a block of S draws equals S blocks of one", [&] { return blocks(q); });
  if (density)
    report.check("a block of S densities equals S blocks of one",
                 [&] { return density_blocks(q); });
  report.check("the order of the columns does not matter", [&] { return order(q); });
  report.check("blocks with a larger column stride give the same", [&] { return strides(q); });
  report.check("repeating gives the same bits", [&] { return repeats(subject); });
  report.check("sample does not allocate", [&] {
    const Eigen::MatrixXd noise = q.noise(draws);
    Eigen::MatrixXd z(q.dimension(), draws);
    Eigen::VectorXd log_q(draws);
    return judge_allocations([&] { q->sample(noise, z, log_q); });
  });
  if (!density) return;
  report.check("log_prob does not allocate", [&] {
    const Eigen::MatrixXd z = q.sample(q.noise(draws)).z;
    Eigen::VectorXd log_q(draws);
    return judge_allocations([&] { q->log_prob(z, log_q); });
  });
}

}  // namespace elbow::check
