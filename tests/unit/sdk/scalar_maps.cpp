#include <catch2/catch.hpp>
#include <elbow/elbow.hpp>
#include <elbow/flows/scalar_map.hpp>

using namespace elbow;
using namespace elbow::flows;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace scalar_maps_tests {

namespace {

struct Named {
  std::string name;
  MakeMap make;
};

const std::vector<Named> maps = {
    {"affine", [] { return affine_map(2); }},
    {"spline", [] { return spline_map(5, 3); }},
    {"two bins", [] { return spline_map(2, 3); }},
    {"composed", [] { return composed_map(spline_map(6, 3), affine_map(2)); }}};

MatrixXd normals(Index rows, Index cols, std::uint64_t seed) {
  MatrixXd out(rows, cols);
  RandomStream(seed, 0, "scalar maps").fill_normal(out);
  return out;
}

struct Applied {
  MatrixXd x;
  VectorXd log_determinant;
};

Applied apply(ScalarMap& map, Way way, const MatrixXd& p, const MatrixXd& x) {
  Applied result{x, VectorXd::Zero(x.cols())};
  map.reserve(x.rows(), x.cols());
  map.apply(way, p, result.x, result.log_determinant);
  return result;
}

/// g . result + weight * log-determinant of every draw, summed.
double objective(ScalarMap& map, Way way, const MatrixXd& p, const MatrixXd& x, const MatrixXd& g,
                 const VectorXd& weight) {
  const Applied made = apply(map, way, p, x);
  return g.cwiseProduct(made.x).sum() + weight.dot(made.log_determinant);
}

}  // namespace

TEST_CASE("A scalar map with numbers all zero is the identity") {
  const Named named = GENERATE(from_range(maps));
  INFO(named.name);
  const auto map = named.make();
  const MatrixXd x = 2 * normals(3, 20, 1);
  for (const Way way : {Way::up, Way::down}) {
    const Applied made = apply(*map, way, MatrixXd::Zero(3 * map->parameters(), 20), x);
    REQUIRE(made.x.isApprox(x, 1e-14));
    REQUIRE(made.log_determinant.cwiseAbs().maxCoeff() < 1e-13);
  }
}

TEST_CASE("A scalar map increases, its inverse undoes it, and both have one log-determinant") {
  const Named named = GENERATE(from_range(maps));
  INFO(named.name);
  const auto map = named.make();
  const Index draws = 200;
  const MatrixXd x = VectorXd::LinSpaced(draws, -4, 4).transpose();
  const MatrixXd p = (2 * normals(map->parameters(), 1, 2)).replicate(1, draws);
  const Applied made = apply(*map, Way::up, p, x);
  REQUIRE((made.x.rightCols(draws - 1) - made.x.leftCols(draws - 1)).minCoeff() > 0);
  const Applied back = apply(*map, Way::down, p, made.x);
  REQUIRE((back.x - x).cwiseAbs().maxCoeff() < 1e-9);
  REQUIRE((back.log_determinant - made.log_determinant).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("A scalar map's log-determinant is the log of its slope") {
  const Named named = GENERATE(from_range(maps));
  INFO(named.name);
  const auto map = named.make();
  const MatrixXd x = 1.5 * normals(1, 50, 3), p = normals(map->parameters(), 50, 4);
  constexpr double h = 1e-6;
  const MatrixXd right = apply(*map, Way::up, p, x.array() + h).x;
  const MatrixXd left = apply(*map, Way::up, p, x.array() - h).x;
  const VectorXd expected = ((right - left).array() / (2 * h)).log().transpose();
  const VectorXd found = apply(*map, Way::up, p, x).log_determinant;
  REQUIRE((found - expected).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("Both pull-backs of a scalar map agree with differences") {
  const Named named = GENERATE(from_range(maps));
  const Way way = GENERATE(Way::up, Way::down);
  INFO(named.name << (way == Way::up ? " up" : " down"));
  const auto map = named.make();
  const Index coordinates = 2, draws = 6;
  // Beyond the box as well.
  MatrixXd x = 1.3 * normals(coordinates, draws, 5);
  x(0, 0) = 3.7;
  MatrixXd p = normals(coordinates * map->parameters(), draws, 6);
  const MatrixXd g = normals(coordinates, draws, 7);
  const VectorXd weight = normals(draws, 1, 8);
  MatrixXd g_x = g, g_p(p.rows(), draws);
  apply(*map, way, p, x);
  map->pull_back(way, p, g_x, weight, g_p);
  constexpr double h = 1e-6;
  const auto slope = [&](double& number) {
    const double kept = number;
    number = kept + h;
    const double right = objective(*map, way, p, x, g, weight);
    number = kept - h;
    const double left = objective(*map, way, p, x, g, weight);
    number = kept;
    return (right - left) / (2 * h);
  };
  for (Index s = 0; s < draws; ++s) {
    for (Index i = 0; i < coordinates; ++i)
      REQUIRE(g_x(i, s) == Approx(slope(x(i, s))).margin(1e-6).epsilon(1e-6));
    for (Index j = 0; j < p.rows(); ++j)
      REQUIRE(g_p(j, s) == Approx(slope(p(j, s))).margin(1e-6).epsilon(1e-6));
  }
}

TEST_CASE("An affine map's log scale stays within its bound") {
  const auto map = affine_map(2);
  MatrixXd p(2, 2);
  p << 1e3, -1e3, 0, 0;
  const Applied made = apply(*map, Way::up, p, MatrixXd::Ones(1, 2));
  REQUIRE(made.log_determinant[0] == Approx(2));
  REQUIRE(made.log_determinant[1] == Approx(-2));
  REQUIRE(made.x(0, 0) == Approx(std::exp(2.0)));
}

TEST_CASE("A spline is the identity outside its box and meets it with its slope") {
  const auto map = spline_map(7, 2.5);
  const Index draws = 6;
  MatrixXd x(1, draws);
  constexpr double step = 1e-9;
  x << -40, -2.5, 2.5, 1e300, -2.5 + step, 2.5 - step;
  const MatrixXd p = (2 * normals(map->parameters(), 1, 9)).replicate(1, draws);
  const Applied made = apply(*map, Way::up, p, x);
  REQUIRE(made.x.leftCols(4) == x.leftCols(4));
  REQUIRE(made.log_determinant.head(4).isZero(0));
  REQUIRE(std::abs(made.x(0, 4) - x(0, 4)) < 1e-12);
  REQUIRE(made.log_determinant.tail(2).cwiseAbs().maxCoeff() < 1e-4);
}

TEST_CASE("A spline takes any numbers: bins as narrow as they may be, slopes as steep") {
  const auto map = spline_map(8, 3);
  const Index draws = 400;
  const MatrixXd x = VectorXd::LinSpaced(draws, -2.999, 2.999).transpose();
  const MatrixXd p = (40 * normals(map->parameters(), 1, 10)).replicate(1, draws);
  const Applied made = apply(*map, Way::up, p, x);
  REQUIRE(made.x.allFinite());
  REQUIRE(made.log_determinant.allFinite());
  REQUIRE(made.x.cwiseAbs().maxCoeff() <= 3);
}

TEST_CASE("A scalar map passes NaN on") {
  const Named named = GENERATE(from_range(maps));
  const auto map = named.make();
  const MatrixXd x = MatrixXd::Constant(1, 1, not_a_number);
  for (const Way way : {Way::up, Way::down})
    REQUIRE(std::isnan(apply(*map, way, MatrixXd::Ones(map->parameters(), 1), x).x(0, 0)));
}

}  // namespace scalar_maps_tests
