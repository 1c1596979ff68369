// Families that are an invertible map of standard normal numbers.

#include <Eigen/LU>
#include <cmath>
#include <elbow/math.hpp>

#include "check/allocations.hpp"
#include "check/disagreement.hpp"
#include "check/family_bench.hpp"
#include "check/pullback.hpp"

namespace elbow::check {
namespace {

constexpr Index draws = 6;

FamilyBench::Sample transport(FamilyBench& q, Draws e) {
  FamilyBench::Sample result{Eigen::MatrixXd::Constant(e.rows(), e.cols(), NAN),
                             Eigen::VectorXd::Constant(e.cols(), NAN)};
  q->transport_map()->transport(e, result.z, result.log_q);
  return result;
}

/// e -> g_z . T(e) + g_log_q log q, per column.
Pullback along_path(FamilyBench& q, const Eigen::MatrixXd& g_z, double g_log_q) {
  return {nullptr,
          [&q, g_z, g_log_q](Draws e, VectorOut value) {
            const auto moved = transport(q, e);
            value = g_z.cwiseProduct(moved.z).colwise().sum().transpose() + g_log_q * moved.log_q;
          },
          [&q, g_z, g_log_q](Vector weights, GradientOut, DrawsOut g_e) {
            q->transport_map()->transport_pullback(g_z * weights.asDiagonal(), g_log_q * weights,
                                                   g_e);
          }};
}

/// log |det dT/de|, by the pull-backs of unit vectors, is log N(e; 0, I) - log q.
Outcome volume(FamilyBench& q, Draws e) {
  const Index dimension = q.dimension();
  Eigen::VectorXd expected(draws);
  for (Index s = 0; s < draws; ++s) {
    transport(q, e.col(s).replicate(1, dimension));
    Eigen::MatrixXd jacobian(dimension, dimension);
    q->transport_map()->transport_pullback(Eigen::MatrixXd::Identity(dimension, dimension),
                                           Eigen::VectorXd::Zero(dimension), jacobian);
    expected[s] = -0.5 * (e.col(s).squaredNorm() + double(dimension) * log_2pi) -
                  std::log(std::abs(jacobian.determinant()));
  }
  return judge(
      worst_disagreement(transport(q, e).log_q, expected, q.scalar() == Scalar::f32 ? 1e-3 : 1e-8),
      "draw");
}

Outcome is_density(FamilyBench& q, const Subject& subject, Draws e) {
  if (!subject.can(Ability::log_prob)) return not_applicable("there is no log_prob");
  const auto moved = transport(q, e);
  return judge(
      worst_disagreement(moved.log_q, q.log_prob(moved.z), q.scalar() == Scalar::f32 ? 1e-3 : 1e-8),
      "draw");
}

Outcome allocations(FamilyBench& q, Draws e) {
  Eigen::MatrixXd z(q.dimension(), draws), g_e(q.dimension(), draws);
  Eigen::VectorXd log_q(draws);
  const Eigen::MatrixXd g_z = normals("g_z", q.dimension(), draws);
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(draws);
  return judge_allocations([&] {
    q->transport_map()->transport(e, z, log_q);
    q->transport_map()->transport_pullback(g_z, ones, g_e);
  });
}

}  // namespace

void check_transport(const Bench& bench, Report& report) {
  if (!bench.subject.can(Ability::transport)) return;
  FamilyBench q(bench.subject);
  if (!q->transport_map()) return;  // reported by the suite "facets"
  q.bind(draws);
  const Eigen::MatrixXd e = normals("transported", q.dimension(), draws);
  const Eigen::MatrixXd g_z = normals("g_z", q.dimension(), draws);
  const Eigen::VectorXd weights = normals("weights", draws, 1).col(0);
  report.check("the map's pull-back of draws agrees with differences",
               [&] { return judge_point_pullback(along_path(q, g_z, 0), e, weights, q.scalar()); });
  report.check("the map's pull-back of log q agrees with differences", [&] {
    return judge_point_pullback(along_path(q, 0 * g_z, 1), e, weights, q.scalar());
  });
  report.check("the map's pull-back of both agrees with differences",
               [&] { return judge_point_pullback(along_path(q, g_z, 1), e, weights, q.scalar()); });
  report.check("log q is the normal density over the map's change of volume",
               [&] { return volume(q, e); });
  report.check("log q of the map is log_prob of its draws",
               [&] { return is_density(q, bench.subject, e); });
  report.check("the map and its pull-back do not allocate", [&] { return allocations(q, e); });
}

}  // namespace elbow::check
