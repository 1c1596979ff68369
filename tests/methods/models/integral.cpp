#include "support/density_checks.hpp"

using namespace elbow;
using Eigen::MatrixXd;

namespace integral_tests {

namespace {

/// Sums over a fine grid of z: of exp(log p), and of it times each variable and its square.
struct Sums {
  double total = 0;
  Eigen::Vector2d first = Eigen::Vector2d::Zero(), second = first;
};
Sums integrate(Model& model) {
  Sums sums;
  const double h = 0.01;
  const Index n = 12001;
  MatrixXd z(1, n), x(2, n);
  Eigen::VectorXd log_p(n);
  for (Index i = 0; i < n; ++i) z(0, i) = -60 + h * double(i);
  model.density()->log_density(z, log_p);
  model.density()->constrain(z, x);
  for (Index i = 0; i < n; ++i) {
    const double mass = h * std::exp(log_p[i]);
    sums.total += mass;
    sums.first += mass * x.col(i);
    sums.second += mass * x.col(i).cwiseAbs2();
  }
  return sums;
}

}  // namespace

TEST_CASE("the integral is ln(1 + t), and its derivative under the sign 1 / (1 + t)") {
  const double t = GENERATE(0.2, 1.0, 2.0, 8.0);
  const auto model = test::model("integral", {{"t", t}});
  const Sums sums = integrate(*model);
  CHECK(sums.total == Approx(std::log1p(t)).epsilon(1e-8));
  CHECK(model->reference()->log_evidence()->value == Approx(std::log(sums.total)).epsilon(1e-8));
  CHECK(sums.first[1] == Approx(1 / (1 + t)).epsilon(1e-8));
  const auto moments = model->reference()->moments().value();
  for (Index i = 0; i < 2; ++i) {
    const double mean = sums.first[i] / sums.total;
    CHECK(moments.mean[i] == Approx(mean).epsilon(1e-7));
    CHECK(moments.sd[i] ==
          Approx(std::sqrt(sums.second[i] / sums.total - mean * mean)).epsilon(1e-5));
  }
}

TEST_CASE("the integrand meets what every density must") {
  const auto model = test::model("integral");
  Density& density = *model->density();
  const MatrixXd z = test::normal_points(density, 6, 3, 4);
  test::check_gradient(density, z, 1e-7);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("exact draws of the integrand have its moments") {
  test::check_sampler_against_moments(*test::model("integral"), 50'000);
}

}  // namespace integral_tests
