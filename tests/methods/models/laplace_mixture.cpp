#include "support/density_checks.hpp"

using namespace elbow;

namespace {

/// The integral of exp(log_density) times 1, x and x^2 for every constrained variable x, by the
/// trapezoidal rule on a grid of two unconstrained coordinates.
struct Integrals {
  double evidence = 0;
  Eigen::Vector2d mean = Eigen::Vector2d::Zero(), sd = Eigen::Vector2d::Zero();

  Integrals(Density& density, double m0, double m1, Index nm, double u0, double u1, Index nu) {
    Eigen::MatrixXd z(2, nu), x(2, nu);
    Eigen::VectorXd log_p(nu);
    Eigen::Vector2d first = Eigen::Vector2d::Zero(), second = Eigen::Vector2d::Zero();
    double sum = 0, shift = 0;
    for (Index i = 0; i < nm; ++i) {
      z.row(0).setConstant(m0 + (m1 - m0) * double(i) / double(nm - 1));
      z.row(1) = Eigen::RowVectorXd::LinSpaced(nu, u0, u1);
      density.log_density(z, log_p);
      density.constrain(z, x);
      if (i == 0) shift = test::log_density_at(density, Eigen::Vector2d(0.5 * (m0 + m1), 1.5));
      const Eigen::VectorXd p = (log_p.array() - shift).exp();
      sum += p.sum();
      first += x * p;
      second += x.cwiseAbs2() * p;
    }
    mean = first / sum;
    sd = (second / sum - mean.cwiseAbs2()).cwiseSqrt();
    evidence = shift + std::log(sum * (m1 - m0) / double(nm - 1) * (u1 - u0) / double(nu - 1));
  }
};

}  // namespace

TEST_CASE("the density of the bumps meets what every density must") {
  const Eigen::VectorXd locations = Eigen::Vector3d(2.3, 5.4, 11.6);
  const Eigen::VectorXd scales = Eigen::Vector3d(0.5, 2, 1);
  const auto bumps = test::model("laplace_mixture", {{"locations", locations}, {"scales", scales}});
  Density& density = *bumps->density();
  REQUIRE(density.dimension() == 1);
  // Away from the kinks at the locations.
  const Eigen::MatrixXd z = Eigen::RowVectorXd::LinSpaced(51, -20, 30);
  test::check_gradient(density, z, 1e-6);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("the location and scale of the bumps meet what every density must") {
  const auto likelihood = GENERATE(as<std::string>(), "laplace", "gaussian");
  const auto bumps = test::model(
      "laplace_mixture", {{"target", "location_scale"}, {"likelihood", likelihood}, {"points", 5}});
  Density& density = *bumps->density();
  REQUIRE(density.dimension() == 2);
  Eigen::MatrixXd z = test::normal_points(density, 8, 3, 0.7);
  z.row(0).array() += 10;
  test::check_gradient(density, z, 1e-6);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("the bumps' density is their equally weighted sum, to its evidence and its moments") {
  const Eigen::VectorXd locations = Eigen::Vector3d(2, 5, 11);
  const Eigen::VectorXd scales = Eigen::Vector3d(0.5, 2, 1);
  const auto bumps = test::model("laplace_mixture", {{"locations", locations}, {"scales", scales}});
  Density& density = *bumps->density();
  const auto by_hand = [&](double x) {
    return ((-(x - locations.array()).abs() / scales.array()).exp() / (2 * scales.array())).mean();
  };
  // Simpson's rule between the kinks, which are on the grid.
  const double h = 1.0 / 64;
  double sum = 0, first = 0, second = 0;
  for (Index i = 0; i <= 2 * 64 * 60; ++i) {
    const double x = -60 + h * double(i);
    const double p = std::exp(test::log_density_at(density, Eigen::VectorXd::Constant(1, x)));
    REQUIRE(p == Approx(by_hand(x)).epsilon(1e-12));
    const double w = (i % 2 ? 4 : 2) * h / 3;
    sum += w * p, first += w * p * x, second += w * p * x * x;
  }
  const Reference::Moments moments = bumps->reference()->moments().value();
  CHECK(std::log(sum) == Approx(bumps->reference()->log_evidence()->value).margin(1e-8));
  CHECK(first == Approx(moments.mean[0]).epsilon(1e-7));
  CHECK(std::sqrt(second - first * first) == Approx(moments.sd[0]).epsilon(1e-7));
}

TEST_CASE("exact draws of the bumps have their moments") {
  const auto bumps = test::model("laplace_mixture");
  test::check_sampler_against_moments(*bumps, 100'000);
}

TEST_CASE("the data set is 200 points from 4 bumps, and another one in another replicate") {
  const auto bumps = test::model("laplace_mixture");
  const auto again = test::model("laplace_mixture", {{"target", "location_scale"}});
  const auto other = test::model("laplace_mixture", {}, 2);
  const std::vector<DataArray> data = bumps->data();
  REQUIRE(data.size() == 3);
  CHECK(data[0].variable.name == "x");
  CHECK(data[0].observed);
  CHECK(data[0].values.size() == 200);
  CHECK(data[1].values.size() == 4);
  CHECK((data[1].values.array() > 0 && data[1].values.array() < 20).all());
  CHECK((data[2].values.array() > 0 && data[2].values.array() < 3).all());
  CHECK(data[0].values == again->data()[0].values);
  CHECK(data[0].values != other->data()[0].values);
}

TEST_CASE("evidence and moments of a Gaussian location and scale are those of a quadrature") {
  const auto model =
      test::model("laplace_mixture", {{"target", "location_scale"}, {"likelihood", "gaussian"}});
  const Integrals direct(*model->density(), 0, 20, 801, 0.5, 3.5, 601);
  const Reference::Moments moments = model->reference()->moments().value();
  CHECK(model->reference()->log_evidence()->value == Approx(direct.evidence).epsilon(1e-10));
  CHECK(moments.mean.isApprox(direct.mean, 1e-8));
  CHECK(moments.sd.isApprox(direct.sd, 1e-7));
}

TEST_CASE("evidence and moments of a Laplace location and scale are those of a quadrature") {
  // The kinks at the data leave the plain grid an error of its spacing squared.
  const auto model = test::model("laplace_mixture", {{"target", "location_scale"}});
  const Integrals direct(*model->density(), 0, 20, 10'001, 0.5, 3.5, 121);
  const Reference::Moments moments = model->reference()->moments().value();
  CHECK(model->reference()->log_evidence()->value == Approx(direct.evidence).margin(1e-5));
  CHECK(moments.mean.isApprox(direct.mean, 1e-5));
  CHECK(moments.sd.isApprox(direct.sd, 1e-4));
}

TEST_CASE("the evidence of a single point is a quadrature over its wide posterior") {
  const auto likelihood = GENERATE(as<std::string>(), "laplace", "gaussian");
  const auto model = test::model("laplace_mixture", {{"target", "location_scale"},
                                                     {"likelihood", likelihood},
                                                     {"points", 1},
                                                     {"prior_log_scale_sd", 0.5}});
  const Integrals direct(*model->density(), -80, 100, 20'001, -4, 4, 161);
  const Reference::Moments moments = model->reference()->moments().value();
  CHECK(model->reference()->log_evidence()->value == Approx(direct.evidence).margin(1e-4));
  CHECK(moments.mean.isApprox(direct.mean, 1e-4));
  CHECK(moments.sd.isApprox(direct.sd, 1e-4));
}

TEST_CASE("data that are nearly equal have a finite evidence") {
  const Eigen::VectorXd location = Eigen::VectorXd::Constant(1, 4.0);
  const Eigen::VectorXd scale = Eigen::VectorXd::Constant(1, 1e-9);
  const auto model = test::model(
      "laplace_mixture",
      {{"target", "location_scale"}, {"locations", location}, {"scales", scale}, {"points", 3}});
  CHECK(std::isfinite(model->reference()->log_evidence()->value));
}

TEST_CASE("bumps whose locations and scales do not match are refused") {
  using Catch::Contains;
  const Eigen::VectorXd two = Eigen::Vector2d(1, 2);
  const Eigen::VectorXd three = Eigen::Vector3d(1, 2, 3);
  CHECK_THROWS_WITH(test::model("laplace_mixture", {{"locations", two}}),
                    Contains("locations and scales must be given together"));
  CHECK_THROWS_WITH(test::model("laplace_mixture", {{"locations", two}, {"scales", three}}),
                    Contains("one number per bump, got 2 and 3"));
}
