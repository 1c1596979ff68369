#include <Eigen/Cholesky>

#include "support/german_credit.hpp"

using namespace elbow;

namespace {

Eigen::MatrixXd small_table() {
  Eigen::MatrixXd values(5, 3);
  values << 1, 2, 0, -1, 4, 1, 0, 1, 1, 3, -2, 0, 0.5, 0, 1;
  return values;
}

test::OptionMap with_table(Eigen::MatrixXd values, test::OptionMap more = {}) {
  more["data"] = test::table({"a", "b", "label"}, std::move(values));
  return more;
}

}  // namespace

TEST_CASE("logistic regression meets what every density must") {
  const auto model = test::model("logistic_regression", {{"items", 83}, {"dimension", 5}});
  Density& density = *model->density();
  REQUIRE(density.dimension() == 5);
  REQUIRE(density.item_count() == 83);
  const Eigen::MatrixXd z = test::normal_points(density, 11, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z, 1e-13);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
  test::check_minibatches(density, z, 1e-11);
  test::check_minibatches_do_not_allocate(density, 20, 10);
  const std::vector<Index> some = {3, 1, 1, 82};
  density.use_items(some);
  test::check_gradient(density, z);
}

TEST_CASE("logistic regression is its prior times its likelihood") {
  const Eigen::MatrixXd values = small_table();
  const auto precision = GENERATE(as<std::string>(), "f64", "f32");
  const auto model = test::model(
      "logistic_regression",
      with_table(values, {{"standardize", false}, {"prior_scale", 2.0}, {"precision", precision}}));
  // The last point has margins of +-100, where a plain log sigmoid would be -inf.
  for (const Eigen::Vector3d& beta :
       {Eigen::Vector3d(0.3, -0.2, 1.1), Eigen::Vector3d(0, 0, 0), Eigen::Vector3d(50, 50, 0)}) {
    double expected = 0;
    for (Index d = 0; d < 3; ++d) expected += log_normal(beta[d], 0, 2);
    for (Index i = 0; i < 5; ++i) {
      const double eta = values(i, 0) * beta[0] + values(i, 1) * beta[1] + beta[2];
      expected -= softplus(values(i, 2) == 1 ? -eta : eta);
    }
    CHECK(test::log_density_at(*model->density(), beta) ==
          Approx(expected).epsilon(precision == "f64" ? 1e-14 : 1e-6));
  }
}

TEST_CASE("any tile and any number of draws give the same log density and gradient") {
  const Index items = 331;
  const auto precision = GENERATE(as<std::string>(), "f64", "f32");
  const double tolerance = precision == "f64" ? 1e-13 : 1e-5;
  const auto whole = test::model("logistic_regression", {{"items", items}, {"dimension", 13}});
  const Eigen::MatrixXd z = test::normal_points(*whole->density(), 150, 3, 0.5);
  const test::ValueAndGradient expected = test::value_and_gradient(*whole->density(), z);
  for (const Index tile_rows : {0, 1, 8, 50, 100, 331, 5000}) {
    const auto model = test::model(
        "logistic_regression",
        {{"items", items}, {"dimension", 13}, {"precision", precision}, {"tile_rows", tile_rows}});
    for (const Index draws : {1, 2, 3, 5, 7, 8, 9, 13, 64, 65, 150}) {
      const test::ValueAndGradient at =
          test::value_and_gradient(*model->density(), z.leftCols(draws));
      CAPTURE(tile_rows, draws);
      CHECK((at.log_p - expected.log_p.head(draws)).cwiseAbs().maxCoeff() <=
            tolerance * expected.log_p.cwiseAbs().maxCoeff());
      CHECK((at.gradient - expected.gradient.leftCols(draws)).cwiseAbs().maxCoeff() <=
            tolerance * expected.gradient.cwiseAbs().maxCoeff());
    }
  }
}

TEST_CASE("32-bit arithmetic agrees with 64-bit to one part in 100,000") {
  const test::OptionMap options = {{"items", 5000}, {"dimension", 30}};
  test::OptionMap single = options;
  single["precision"] = std::string("f32");
  const auto f64 = test::model("logistic_regression", options);
  const auto f32 = test::model("logistic_regression", single);
  const Eigen::MatrixXd z = test::normal_points(*f64->density(), 20, 3, 0.3);
  const test::ValueAndGradient a = test::value_and_gradient(*f64->density(), z);
  const test::ValueAndGradient b = test::value_and_gradient(*f32->density(), z);
  for (Index s = 0; s < 20; ++s) {
    CHECK(b.log_p[s] == Approx(a.log_p[s]).epsilon(1e-5));
    CHECK((a.gradient.col(s) - b.gradient.col(s)).norm() <= 1e-5 * a.gradient.col(s).norm());
  }
}

TEST_CASE(
    "logistic regression in one dimension integrates to the same evidence however labels are "
    "coded") {
  Eigen::MatrixXd values(4, 2);
  values << 0.5, 0, -1, 1, 2, 0, 1, 1;
  const auto evidence = [&](double negative, double positive) {
    Eigen::MatrixXd coded = values;
    coded.col(1) =
        (values.col(1).array() == 1).select(Eigen::VectorXd::Constant(4, positive), negative);
    const auto model = test::model(
        "logistic_regression",
        {{"data", test::table({"x", "y"}, coded)}, {"standardize", false}, {"intercept", false}});
    const Eigen::MatrixXd grid = Eigen::RowVectorXd::LinSpaced(401, -10, 10);
    Eigen::VectorXd log_p(401);
    model->density()->log_density(grid, log_p);
    return log_p.array().exp().sum() * 0.05;
  };
  double expected = 0;
  for (int k = 0; k <= 400; ++k) {
    const double beta = -10 + 0.05 * k;
    expected += 0.05 * std::exp(log_normal(beta, 0, 1)) * sigmoid(-0.5 * beta) * sigmoid(-beta) *
                sigmoid(-2 * beta) * sigmoid(beta);
  }
  CHECK(evidence(0, 1) == Approx(expected).epsilon(1e-13));
  CHECK(evidence(1, 2) == Approx(expected).epsilon(1e-13));
  CHECK(evidence(-1, 1) == Approx(expected).epsilon(1e-13));
}

TEST_CASE(
    "covariates are standardised, the intercept is the last column and the response may stand "
    "anywhere") {
  Eigen::MatrixXd values(4, 3);
  values << 1, 0, 10, 1, 2, 20, 0, 4, 30, 0, 6, 41;
  const auto model =
      test::model("logistic_regression",
                  {{"data", test::table({"y", "a", "b"}, values)}, {"response", std::string("y")}});
  const Eigen::MatrixXd x = model->data()[1].values.reshaped(4, 3);
  CHECK(x.col(2).isOnes());
  for (Index j = 0; j < 2; ++j) {
    CHECK(x.col(j).mean() == Approx(0).margin(1e-14));
    CHECK(x.col(j).squaredNorm() / 4 == Approx(1).epsilon(1e-14));
  }
  CHECK(model->data()[0].values == Eigen::Vector4d(1, 1, 0, 0));
  CHECK(model->coordinates()[0].labels == std::vector<std::string>{"a", "b", "intercept"});
  const auto numbered =
      test::model("logistic_regression",
                  {{"data", test::table({"y", "a", "b"}, values)}, {"response", std::string("1")}});
  CHECK(numbered->data()[1].values == model->data()[1].values);
}

TEST_CASE("data that logistic regression cannot use are refused with what was found") {
  using Catch::Contains;
  Eigen::MatrixXd values = small_table();
  values(2, 2) = 7;
  CHECK_THAT(test::refusal("logistic_regression", with_table(values)),
             Contains("coded 0/1, 1/2 or -1/1") && Contains("3 values 0, 1, 7"));
  values = small_table();
  values(3, 1) = NAN;
  CHECK_THAT(test::refusal("logistic_regression", with_table(values)),
             Contains("nan in row 4 of column \"b\""));
  values = small_table();
  values.col(0).setConstant(3.5);
  CHECK_THAT(test::refusal("logistic_regression", with_table(values)),
             Contains("column \"a\" is constant (3.5)"));
  CHECK_THAT(test::refusal("logistic_regression",
                           with_table(small_table(), {{"response", std::string("labels")}})),
             Contains("one of the table's 3 columns") && Contains("\"labels\"") &&
                 Contains("a, b, label"));
  CHECK_THAT(test::refusal("logistic_regression",
                           with_table(small_table(), {{"response", std::string("4")}})),
             Contains("\"4\""));
  CHECK_THAT(test::refusal(
                 "logistic_regression",
                 {{"data", test::table({"y"}, Eigen::MatrixXd::Ones(3, 1))}, {"intercept", false}}),
             Contains("a column besides the response"));
  CHECK_THAT(test::refusal("logistic_regression",
                           {{"data", test::table({"x", "y"}, Eigen::MatrixXd(0, 2))}}),
             Contains("at least one row"));
}

TEST_CASE("German credit has the published Laplace approximation and evidence") {
  const auto model = test::german_credit();
  if (!model) return;
  Density& density = *(*model)->density();
  REQUIRE(density.dimension() == 25);

  // Newton's method with the Hessian by differences of the gradient.
  const auto hessian_at = [&](const Eigen::VectorXd& z) {
    const double h = 1e-4;
    Eigen::MatrixXd points(25, 50);
    for (Index d = 0; d < 25; ++d) {
      points.col(2 * d) = z + h * Eigen::VectorXd::Unit(25, d);
      points.col(2 * d + 1) = z - h * Eigen::VectorXd::Unit(25, d);
    }
    const Eigen::MatrixXd g = test::value_and_gradient(density, points).gradient;
    Eigen::MatrixXd hessian(25, 25);
    for (Index d = 0; d < 25; ++d) hessian.col(d) = (g.col(2 * d) - g.col(2 * d + 1)) / (2 * h);
    return Eigen::MatrixXd(-0.5 * (hessian + hessian.transpose()));
  };
  Eigen::VectorXd mode = Eigen::VectorXd::Zero(25);
  for (int step = 0; step < 12; ++step)
    mode += hessian_at(mode).llt().solve(test::value_and_gradient(density, mode).gradient.col(0));
  const Eigen::LLT<Eigen::MatrixXd> precision(hessian_at(mode));
  const double log_det = 2 * Eigen::MatrixXd(precision.matrixL()).diagonal().array().log().sum();
  const double peak = test::log_density_at(density, mode);
  CHECK(peak + 0.5 * (25 * log_2pi - log_det) == Approx(-529.4106).margin(1e-4));

  // Importance sampling from that approximation, whose weights are nearly constant.
  const Index draws = 40'000;
  Eigen::MatrixXd noise(25, draws);
  test::stream(11).fill_normal(noise);
  const Eigen::MatrixXd z = precision.matrixU().solve(noise).colwise() + mode;
  Eigen::VectorXd log_p(draws);
  density.log_density(z, log_p);
  const Eigen::VectorXd log_weight =
      log_p.array() + 0.5 * (noise.colwise().squaredNorm().transpose().array() + 25 * log_2pi) -
      0.5 * log_det;
  const double evidence = log_mean_exp(log_weight);
  const Eigen::ArrayXd relative = (log_weight.array() - evidence).exp();
  const double error = std::sqrt((relative - 1).square().mean() / double(draws));
  CHECK(std::abs(evidence - -529.1766) <= 5 * std::hypot(error, 0.0004));
}
