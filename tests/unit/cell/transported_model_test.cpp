#include "cell/transported_model.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <elbow/error.hpp>
#include <elbow/math.hpp>
#include <elbow/random.hpp>

#include "cell/affine_map.hpp"

using namespace elbow;

namespace {

/// log p = 2 - z_0^4 / 4 - z_1^2 / 2 + z_0 z_1 / 3 where z_1 > -2, else no density.
class Quartic final : public Model, public Density {
 public:
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"x", {2}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      const double a = z(0, s), b = z(1, s);
      log_p[s] = b > -2 ? 2 - a * a * a * a / 4 - b * b / 2 + a * b / 3 : -infinity;
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s) {
      const double a = z(0, s), b = z(1, s);
      if (b > -2)
        gradient.col(s) << -a * a * a + b / 3, -b + a / 3;
      else
        gradient.col(s).setZero();
    }
  }
};

AffineMap skewed_map() {
  Eigen::Matrix2d covariance;
  covariance << 2, 0.7, 0.7, 0.5;
  return {Eigen::Vector2d(0.3, -0.4), covariance};
}

Eigen::MatrixXd normal_points(Index columns) {
  Eigen::MatrixXd e(2, columns);
  RandomStream(1, 0, "points").fill_normal(e);
  return e;
}

}  // namespace

TEST_CASE("A pulled-back log density is that of the target plus the logarithm of the volume") {
  Quartic target;
  AffineMap map = skewed_map();
  TransportedModel moved(target, map);
  const Eigen::MatrixXd e = normal_points(5);
  Eigen::MatrixXd z(2, 5), found_z(2, 5);
  Eigen::VectorXd log_q(5), log_p(5), found(5), found_log_p(5);
  map.transport(e, z, log_q);
  target.log_density(z, log_p);
  moved.density()->log_density(e, found);
  const double log_volume = 0.5 * std::log(2 * 0.5 - 0.7 * 0.7);
  for (Index s = 0; s < 5; ++s) CHECK(found[s] == Approx(log_p[s] + log_volume).epsilon(1e-12));
  moved.to_target(e, found, found_z, found_log_p);
  CHECK(found_z == z);
  CHECK(found_log_p.isApprox(log_p, 1e-12));
}

TEST_CASE("The gradient of a pulled-back log density agrees with differences") {
  Quartic target;
  AffineMap map = skewed_map();
  TransportedModel moved(target, map);
  const Eigen::MatrixXd e = normal_points(4);
  Eigen::MatrixXd gradient(2, 4);
  Eigen::VectorXd log_p(4), above(4), below(4);
  moved.density()->log_density_gradient(e, log_p, gradient);
  for (Index d = 0; d < 2; ++d) {
    Eigen::MatrixXd step = Eigen::MatrixXd::Zero(2, 4);
    step.row(d).setConstant(1e-5);
    moved.density()->log_density(e + step, above);
    moved.density()->log_density(e - step, below);
    for (Index s = 0; s < 4; ++s)
      CHECK(gradient(d, s) == Approx((above[s] - below[s]) / 2e-5).epsilon(1e-7));
  }
}

TEST_CASE("A place that the map takes outside the support has no density and no gradient") {
  Quartic target;
  AffineMap map = skewed_map();
  TransportedModel moved(target, map);
  const Eigen::Vector2d far(0, -20);
  Eigen::VectorXd log_p(1);
  Eigen::MatrixXd gradient(2, 1);
  moved.density()->log_density_gradient(far, log_p, gradient);
  CHECK(log_p[0] == -infinity);
  CHECK(gradient.isZero(0));
}

TEST_CASE("In the coordinates of its own moments a Gaussian is standard normal") {
  AffineMap map = skewed_map();
  const Eigen::MatrixXd e = normal_points(3);
  Eigen::MatrixXd z(2, 3), g_e(2, 3);
  Eigen::VectorXd log_q(3), back(2);
  map.transport(e, z, log_q);
  for (Index s = 0; s < 3; ++s) {
    map.inverse(z.col(s), back);
    CHECK(back.isApprox(e.col(s), 1e-12));
  }
  // d log q / de = -e along the map.
  map.transport_pullback(Eigen::MatrixXd::Zero(2, 3), Eigen::VectorXd::Ones(3), g_e);
  CHECK(g_e.isApprox(-e, 1e-12));
}

TEST_CASE("A covariance that is not positive definite makes no map") {
  CHECK_THROWS_AS(AffineMap(Eigen::Vector2d::Zero(), Eigen::Matrix2d::Ones()), elbow::Error);
}
