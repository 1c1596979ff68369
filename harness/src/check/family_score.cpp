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

/// A normal that lies where a family's draws do.
class Normal {
 public:
  /// @param width  its sds over those of the draws
  Normal(const Eigen::MatrixXd& draws_of_q, double width) : mean_(draws_of_q.rowwise().mean()) {
    const Eigen::MatrixXd centred = draws_of_q.colwise() - mean_;
    sd_ = width * (centred.rowwise().squaredNorm() / double(centred.cols())).cwiseSqrt();
  }
  Eigen::VectorXd log_density(const Eigen::MatrixXd& z) const {
    const Eigen::MatrixXd white = sd_.cwiseInverse().asDiagonal() * (z.colwise() - mean_);
    const double constant =
        sd_.array().log().sum() + 0.5 * double(z.rows()) * std::log(2 * EIGEN_PI);
    return (-0.5 * white.colwise().squaredNorm().array() - constant).transpose();
  }
  Eigen::MatrixXd sample() const {
    return (sd_.asDiagonal() * normals("normal", sd_.size(), draws)).colwise() + mean_;
  }

 private:
  Eigen::VectorXd mean_, sd_;
};

/// 1 / (1 + e^-x) of log ratios x.
Eigen::VectorXd shares(const Eigen::VectorXd& log_ratio) {
  return (1 + (-log_ratio.array()).exp()).inverse().matrix();
}

/// E_q[r / (q + r)] = E_r[q / (q + r)] for any density r: no term is above 1, however heavy the
/// tails of q / r and r / q are (Meng & Wong 1996, eq. 3.2).
Outcome normalised(FamilyBench& q) {
  q.bind_one(0, draws);
  const Normal r(q.sample(q.noise(draws)).z, 1);
  const auto of_q = q.sample(q.noise(draws, "fresh noise"));
  const Eigen::MatrixXd of_r = r.sample();
  const Estimate found = mean_of(shares(r.log_density(of_q.z) - of_q.log_q));
  const Estimate expected = mean_of(shares(q.log_prob(of_r) - r.log_density(of_r)));
  if (found.value + expected.value < 0.02)
    return not_applicable("a normal fits too badly: they share ", found.value + expected.value);
  FarthestPair farthest;
  farthest.add("what q and a normal share", found, expected);
  return farthest.outcome();
}

/// E_q[r / q] = 1 for any density r that q covers, without densities elsewhere than at q's draws:
/// here a narrow normal.
Outcome normalised_at_draws(FamilyBench& q) {
  q.bind_one(0, draws);
  const Normal r(q.sample(q.noise(draws)).z, 0.6);
  const auto other = q.sample(q.noise(draws, "fresh noise"));
  const Eigen::VectorXd ratio = (r.log_density(other.z) - other.log_q).array().exp();
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
    report.check("log q is a normalised density of the draws",
                 [&] { return density ? normalised(q) : normalised_at_draws(q); });
  else if (density)
    report.check("the probabilities add up to one", [&] { return discrete_normalised(q); });
}

}  // namespace elbow::check
