#include "cell/moments.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace elbow;

TEST_CASE("moments of 1, 2, 3, 4 are those computed by hand") {
  RunningMoments moments(1);
  moments.add(Eigen::RowVector2d(1, 2));
  moments.add(Eigen::RowVector2d(3, 4));
  CHECK(moments.mean()[0] == Approx(2.5));
  CHECK(moments.sd()[0] == Approx(std::sqrt(5.0 / 3)));
  CHECK(moments.mean_standard_error()[0] == Approx(std::sqrt(5.0 / 12)));
  // Central moments: m2 = 5/4, m4 = (2 * 81/16 + 2 / 16) / 4 = 41/16.
  CHECK(moments.sd_standard_error()[0] ==
        Approx(std::sqrt((41.0 / 16 - 25.0 / 16) / 4) / (2 * std::sqrt(1.25))));
}

TEST_CASE("moments do not depend on how draws are grouped into blocks, nor on a large mean") {
  RandomStream stream(1, 0, "moments");
  Eigen::MatrixXd x(3, 1000);
  stream.fill_normal(x);
  x.array() += 1e8;
  RunningMoments at_once(3), in_blocks(3);
  at_once.add(x);
  in_blocks.add(x.leftCols(1));
  in_blocks.add(x.middleCols(1, 700));
  in_blocks.add(x.rightCols(299));
  CHECK(at_once.mean() == in_blocks.mean());
  CHECK(at_once.sd() == in_blocks.sd());
  const Eigen::VectorXd centred_sd =
      ((x.colwise() - x.rowwise().mean()).rowwise().squaredNorm() / 999).cwiseSqrt();
  CHECK(at_once.sd().isApprox(centred_sd, 1e-7));
}

TEST_CASE("standard errors of a normal sample's moments are sd / sqrt n and sd / sqrt 2n") {
  RandomStream stream(2, 0, "moments");
  Eigen::MatrixXd x(1, 100000);
  stream.fill_normal(x);
  RunningMoments moments(1);
  moments.add(2 * x);
  CHECK(moments.mean_standard_error()[0] == Approx(2 / std::sqrt(1e5)).epsilon(0.02));
  CHECK(moments.sd_standard_error()[0] == Approx(2 / std::sqrt(2e5)).epsilon(0.02));
}

TEST_CASE("moments of equal weights are those of the draws") {
  RandomStream stream(3, 0, "moments");
  Eigen::MatrixXd x(2, 500);
  stream.fill_normal(x);
  RunningMoments plain(2);
  plain.add(x);
  const MomentEstimates weighted = weighted_moments(x, Eigen::VectorXd::Constant(500, 1.0 / 500));
  CHECK(weighted.mean.isApprox(plain.mean(), 1e-12));
  CHECK(weighted.sd.isApprox(plain.sd(), 1e-12));
  CHECK(weighted.mean_standard_error.isApprox(plain.mean_standard_error(), 2e-3));
  CHECK(weighted.sd_standard_error.isApprox(plain.sd_standard_error(), 2e-3));
}

TEST_CASE("weighted moments are those of the distribution that the weights turn the draws into") {
  // N(0, 1) draws with weights proportional to exp(z) are draws of N(1, 1).
  RandomStream stream(4, 0, "moments");
  Eigen::MatrixXd x(1, 20000);
  stream.fill_normal(x);
  Eigen::VectorXd weights = x.row(0).transpose().array().exp();
  weights /= weights.sum();
  const MomentEstimates found = weighted_moments(x, weights);
  CHECK(std::abs(found.mean[0] - 1) < 4 * found.mean_standard_error[0]);
  CHECK(std::abs(found.sd[0] - 1) < 4 * found.sd_standard_error[0]);
  // n Var(mean) = E[w^2 (z - 1)^2] with w^2 q = e N(2, 1): e (1 + 1).
  CHECK(found.mean_standard_error[0] == Approx(std::sqrt(2 * std::exp(1.0) / 20000)).epsilon(0.1));
}

TEST_CASE("particles without weight may lie anywhere") {
  const Eigen::MatrixXd x = (Eigen::MatrixXd(1, 4) << 1, 2, 3, NAN).finished();
  const Eigen::Vector4d weights(0.25, 0.5, 0.25, 0);
  const MomentEstimates found = weighted_moments(x, weights);
  CHECK(found.mean[0] == Approx(2));
  CHECK(found.sd[0] == Approx(std::sqrt(0.5 / (1 - 0.375))));
}

TEST_CASE("moment errors are in units of the reference's sd and name the worst variable's error") {
  const Eigen::Vector2d zero(0, 0);
  const MomentEstimates reference{Eigen::Vector2d(0, 10), Eigen::Vector2d(1, 2), zero, zero};
  const MomentEstimates estimate{Eigen::Vector2d(0.1, 11), Eigen::Vector2d(1, 1),
                                 Eigen::Vector2d(0.01, 0.2), zero};
  std::vector<Metric> metrics;
  add_moment_errors(estimate, reference, metrics);
  REQUIRE(metrics.size() == 4);
  CHECK(metrics[0].name == "mean_error_max");
  CHECK(metrics[0].value == Approx(0.5));
  CHECK(metrics[0].mcse == Approx(0.1));
  CHECK(metrics[1].name == "mean_error_rms");
  CHECK(metrics[1].value == Approx(std::sqrt((0.01 + 0.25) / 2)));
  CHECK(metrics[2].name == "sd_error_max");
  CHECK(metrics[2].value == Approx(0.5));
}

TEST_CASE("variables without a finite reference are left out of the errors") {
  const Eigen::Vector2d zero(0, 0);
  const MomentEstimates reference{Eigen::Vector2d(0, 0), Eigen::Vector2d(1, INFINITY), zero, zero};
  const MomentEstimates estimate{Eigen::Vector2d(0.25, 99), Eigen::Vector2d(1, 1), zero, zero};
  std::vector<Metric> metrics;
  add_moment_errors(estimate, reference, metrics);
  REQUIRE(metrics.size() == 4);
  CHECK(metrics[0].value == Approx(0.25));
}
