// Draws follow the density: the score has mean zero, and weighted volumes agree.

#include "check/family_bench.hpp"
#include "check/mean.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 4000;

/// d log q(z_s) / d phi for draws from q. [P x S]
Eigen::MatrixXd scores(FamilyBench& q, const Eigen::MatrixXd& z) {
  Eigen::MatrixXd all(q->parameters().size(), z.cols());
  Gradient gradient(q->parameters());
  Eigen::VectorXd log_q(1);
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(1);
  q.bind_one(0, 1);
  for (Index s = 0; s < z.cols(); ++s) {
    gradient.set_zero();
    q->log_prob(z.col(s), log_q);
    q->log_prob_pullback(one, gradient.out(), unwanted());
    all.col(s) = numbers_of(gradient);
  }
  return all;
}

Outcome mean_score(FamilyBench& q) {
  q.bind_one(0, draws);
  const Eigen::MatrixXd z = q.sample(q.noise(draws)).z;
  const Eigen::MatrixXd score = scores(q, z);
  FarthestPair farthest;
  for (Index p = 0; p < score.rows(); ++p)
    farthest.add(say("parameter ", p), mean_of(score.row(p).transpose()), {});
  return farthest.outcome();
}

/// E_q[r / q] = 1 for any density r that q covers: here a narrow normal at the mean of the draws.
Outcome normalised(FamilyBench& q) {
  q.bind_one(0, draws);
  const auto drawn = q.sample(q.noise(draws));
  const Eigen::VectorXd mean = drawn.z.rowwise().mean();
  const Eigen::MatrixXd centred = drawn.z.colwise() - mean;
  const Eigen::VectorXd sd = 0.6 * (centred.rowwise().squaredNorm() / double(draws)).cwiseSqrt();
  const auto other = q.sample(q.noise(draws, "fresh noise"));
  Eigen::VectorXd ratio(draws);
  for (Index s = 0; s < draws; ++s) {
    const Eigen::ArrayXd white = (other.z.col(s) - mean).array() / sd.array();
    const double log_r = -0.5 * white.square().sum() - sd.array().log().sum() -
                         0.5 * double(q.dimension()) * std::log(2 * EIGEN_PI);
    ratio[s] = std::exp(log_r - other.log_q[s]);
  }
  const double effective = std::pow(ratio.sum(), 2) / ratio.squaredNorm();
  if (effective < 0.02 * double(draws))
    return not_applicable("a normal fits too badly: ", effective, " effective draws of ", draws);
  FarthestPair farthest;
  farthest.add("integral of q over the bulk", mean_of(ratio), {1, 0});
  return farthest.outcome();
}

/// The probabilities of all of {0, 1}^D add up to one.
Outcome discrete_normalised(FamilyBench& q) {
  const Index states = Index(1) << q.dimension();
  Eigen::MatrixXd z(q.dimension(), states);
  for (Index s = 0; s < states; ++s)
    for (Index d = 0; d < q.dimension(); ++d) z(d, s) = double((s >> d) & 1);
  q.bind_one(0, states);
  const double sum = q.log_prob(z).array().exp().sum();
  return judge(std::abs(sum - 1) < 1e-5, "sum ", sum, " over ", states, " states");
}

}  // namespace

void check_family_score(const Bench& bench, Report& report) {
  FamilyBench q(bench.subject);
  const bool density = bench.subject.can(Ability::log_prob);
  const bool discrete = bench.subject.can(Ability::discrete_draws);
  if (density)
    report.check("the score has mean zero over the family's own draws",
                 [&] { return mean_score(q); });
  if (!discrete)
    report.check("log q is a normalised density of the draws", [&] { return normalised(q); });
  else if (density)
    report.check("the probabilities add up to one", [&] { return discrete_normalised(q); });
}

}  // namespace elbow::check
