#include "support/density_checks.hpp"

using namespace elbow;

namespace {

Eigen::VectorXd vector(std::initializer_list<double> values) {
  return Eigen::Map<const Eigen::VectorXd>(values.begin(), Index(values.size()));
}

}  // namespace

TEST_CASE("eight schools meets what every density must") {
  const auto form = GENERATE(as<std::string>(), "noncentered", "centered");
  const auto schools = test::model("eight_schools", {{"parameterization", form}});
  Density& density = *schools->density();
  REQUIRE(density.dimension() == 10);
  const Eigen::MatrixXd z = test::normal_points(density, 6, 3, 1.5);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("eight schools is the product of its priors and its likelihood") {
  const double mu = 3, tau = 2.5;
  const Eigen::VectorXd theta = vector({4, -1, 0.5, 7, 2, 3, 1, 9});
  const Eigen::VectorXd y = vector({28, 8, -3, 7, -1, 1, 18, 12});
  const Eigen::VectorXd sigma = vector({15, 10, 16, 11, 9, 11, 10, 18});
  double expected =
      log_normal(mu, 0, 5) + std::log(2 / (pi * 5 * (1 + tau * tau / 25))) + std::log(tau);
  for (Index j = 0; j < 8; ++j)
    expected += log_normal(theta[j], mu, tau) + log_normal(y[j], theta[j], sigma[j]);
  Eigen::VectorXd z(10);
  z << mu, std::log(tau), theta;
  const auto centered = test::model("eight_schools", {{"parameterization", "centered"}});
  CHECK(test::log_density_at(*centered->density(), z) == Approx(expected).epsilon(1e-14));

  // theta = mu + tau theta_trans has the Jacobian tau^8.
  z.tail(8) = (theta.array() - mu) / tau;
  const auto noncentered = test::model("eight_schools");
  CHECK(test::log_density_at(*noncentered->density(), z) ==
        Approx(expected + 8 * std::log(tau)).epsilon(1e-14));
  Eigen::MatrixXd x(18, 1);
  noncentered->density()->constrain(z, x);
  CHECK(x(0, 0) == mu);
  CHECK(x(1, 0) == Approx(tau).epsilon(1e-15));
  CHECK(x.col(0).segment(2, 8).isApprox(theta, 1e-14));
  CHECK(x.col(0).tail(8) == z.tail(8));
}

TEST_CASE("eight schools agrees with the reference draws of posteriordb") {
  // Means and standard deviations of the 10 x 1000 draws; standard errors sd / 100, and for the
  // standard deviations at most twice that (tau's kurtosis is about 10).
  const Eigen::VectorXd mean =
      vector({4.4105, 3.6021, 6.1505, 4.9396, 3.9059, 4.7960, 3.6144, 4.0511, 6.3172, 4.8840});
  const Eigen::VectorXd sd =
      vector({3.3093, 3.1985, 5.6159, 4.6456, 5.2807, 4.7709, 4.6147, 4.7962, 5.0029, 5.3177});
  const auto form = GENERATE(as<std::string>(), "noncentered", "centered");
  const auto schools = test::model("eight_schools", {{"parameterization", form}});
  const Reference::Moments moments = schools->reference()->moments().value();
  for (Index c = 0; c < 10; ++c) {
    CAPTURE(c);
    CHECK(std::abs(moments.mean[c] - mean[c]) < 5 * sd[c] / 100);
    CHECK(std::abs(moments.sd[c] - sd[c]) < 5 * sd[c] / 50);
  }
}

TEST_CASE(
    "the evidence and moments of two schools are those of a quadrature over all coordinates") {
  const Eigen::VectorXd y = vector({12, -3});
  const Eigen::VectorXd sigma = vector({4, 9});
  const auto schools = test::model("eight_schools", {{"y", y}, {"sigma", sigma}});
  // The trapezoidal rule in mu, log tau and both theta_trans, whose nodes are scaled to their
  // conditional density so that few of them suffice.
  const double h_mu = 1.5, h_u = 0.25, h = 0.5;
  const int half = 14;
  Eigen::MatrixXd z(4, (2 * half + 1) * (2 * half + 1));
  Eigen::VectorXd log_p(z.cols());
  double sum = 0, sum_mu = 0, sum_theta = 0, sum_trans_squared = 0;
  for (double mu = -39; mu <= 39; mu += h_mu) {
    for (double u = -30; u <= 30; u += h_u) {
      const double tau = std::exp(u);
      const Eigen::Array2d total = sigma.array().square() + tau * tau;
      const Eigen::Array2d centre = tau * (y.array() - mu) / total;
      const Eigen::Array2d width = sigma.array() / total.sqrt();
      Index column = 0;
      for (int i = -half; i <= half; ++i)
        for (int j = -half; j <= half; ++j)
          z.col(column++) << mu, u, centre[0] + width[0] * h * i, centre[1] + width[1] * h * j;
      schools->density()->log_density(z, log_p);
      const Eigen::ArrayXd weight = log_p.array().exp() * width.prod() * h * h * h_mu * h_u;
      sum += weight.sum();
      sum_mu += mu * weight.sum();
      sum_theta += (weight * (mu + tau * z.row(2).transpose().array())).sum();
      sum_trans_squared += (weight * z.row(3).transpose().array().square()).sum();
    }
  }
  const Reference& reference = *schools->reference();
  const Reference::Moments moments = reference.moments().value();
  CHECK(std::log(sum) == Approx(reference.log_evidence()->value).margin(1e-9));
  CHECK(sum_mu / sum == Approx(moments.mean[0]).epsilon(1e-8));
  CHECK(sum_theta / sum == Approx(moments.mean[2]).epsilon(1e-8));
  CHECK(sum_trans_squared / sum ==
        Approx(moments.sd[5] * moments.sd[5] + moments.mean[5] * moments.mean[5]).epsilon(1e-8));
}

TEST_CASE("both forms of eight schools have one evidence") {
  const auto a = test::model("eight_schools");
  const auto b = test::model("eight_schools", {{"parameterization", "centered"}});
  CHECK(a->reference()->log_evidence()->value == b->reference()->log_evidence()->value);
  CHECK(a->reference()->log_evidence()->standard_error == 0);
}

TEST_CASE("exact draws of eight schools have its moments") {
  const auto form = GENERATE(as<std::string>(), "noncentered", "centered");
  const auto schools = test::model("eight_schools", {{"parameterization", form}});
  test::check_sampler_against_moments(*schools, 100'000);
}

TEST_CASE("the schools are named, and other data are numbered") {
  const auto schools = test::model("eight_schools");
  CHECK(schools->coordinates()[0].labels[6] == "St. Paul's");
  const auto two = test::model("eight_schools", {{"y", vector({1, 2})}, {"sigma", vector({1, 1})}});
  CHECK(two->coordinates()[0].labels == std::vector<std::string>{"1", "2"});
}

TEST_CASE("y and sigma of different lengths are refused") {
  CHECK_THROWS_WITH(test::model("eight_schools", {{"sigma", vector({1, 2, 3})}}),
                    Catch::Contains("one number per school, got 8 and 3"));
}
