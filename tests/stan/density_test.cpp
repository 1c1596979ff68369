// The plugin on stand-ins for libraries of BridgeStan: what a density is, and what Stan's users
// expect of it.

#include "support/chains.hpp"
#include "support/density_checks.hpp"

using namespace elbow;
using Catch::Matchers::Contains;

namespace {

const std::string programs = ELBOW_STAN_PROGRAMS;

test::OptionMap schools(const std::string& fault = "") {
  return {{"library", programs + "/schools" + (fault.empty() ? "" : "_" + fault) + ".so"},
          {"data", programs + "/schools.json"}};
}

test::OptionMap with(test::OptionMap options, const std::string& name, OptionValue value) {
  options.insert_or_assign(name, std::move(value));
  return options;
}

std::vector<std::string> names(const Density& density) {
  std::vector<std::string> all;
  for (const Variable& variable : density.variables()) {
    all.push_back(variable.name);
    for (const Index extent : variable.shape) all.back() += " " + std::to_string(extent);
  }
  return all;
}

/// Stan's coordinates theta_trans, mu, log tau in the order of the native model.
Eigen::MatrixXd native_order(const Eigen::MatrixXd& z) {
  Eigen::MatrixXd native(z.rows(), z.cols());
  native << z.bottomRows(2), z.topRows(z.rows() - 2);
  return native;
}

}  // namespace

TEST_CASE("a Stan program meets what every density must") {
  const auto options = GENERATE(schools(), schools("version_0"),
                                test::OptionMap{{"library", programs + "/shapes.so"}});
  const auto model = test::model("stan", options);
  Density& density = *model->density();
  const Eigen::MatrixXd z = test::normal_points(density, 6, 3);
  test::check_gradient(density, z);
  test::check_columns_are_independent(density, z);
  test::check_extremes_are_not_nan(density);
  test::check_no_allocation(density, 10);
}

TEST_CASE("eight schools in Stan and the native model are one density and one gradient") {
  const auto stan = test::model("stan", schools());
  const auto native = test::model("eight_schools");
  const Eigen::MatrixXd z = test::normal_points(*stan->density(), 50, 5, 1.5);
  const auto in_stan = test::value_and_gradient(*stan->density(), z);
  const auto in_native = test::value_and_gradient(*native->density(), native_order(z));
  // Both keep all constants.
  for (Index s = 0; s < z.cols(); ++s) {
    CHECK(in_stan.log_p[s] == Approx(in_native.log_p[s]).epsilon(1e-12));
    const Eigen::VectorXd slope = native_order(in_stan.gradient.col(s));
    CHECK((slope - in_native.gradient.col(s)).norm() <= 1e-9 * in_native.gradient.col(s).norm());
  }
}

TEST_CASE("the posterior of eight schools in Stan is that of the native model") {
  const auto stan = test::model("stan", schools());
  const auto native = test::model("eight_schools");
  const Reference::Moments known = native->reference()->moments().value();
  const auto chains =
      test::sample(*stan, "nuts", {}, test::normal_points(*stan->density(), 4, 9, 0.5), 500, 2000);
  const auto close = [&](Index coordinate, bool exponential, double expected) {
    const auto found = test::average(chains, 500, [&](const Eigen::VectorXd& z) {
      return exponential ? std::exp(z[coordinate]) : z[coordinate];
    });
    CAPTURE(coordinate, found.mean, found.mcse, expected);
    CHECK(std::abs(found.mean - expected) < 5 * found.mcse);
  };
  close(8, false, known.mean[0]);
  close(9, true, known.mean[1]);
  for (Index j = 0; j < 8; ++j) close(j, false, known.mean[10 + j]);
}

TEST_CASE("variables come out constrained, named and shaped") {
  CHECK(names(*test::model("stan", schools())->density()) ==
        std::vector<std::string>{"theta_trans 8", "mu", "tau"});
  const auto model = test::model("stan", {{"library", programs + "/shapes.so"}});
  Density& density = *model->density();
  CHECK(names(density) == std::vector<std::string>{"scale", "p 3", "m 2 3"});
  Eigen::VectorXd z(9);
  z << std::log(2.5), 0, 0, 11, 21, 12, 22, 13, 23;
  Eigen::MatrixXd x(10, 1);
  density.constrain(z, x);
  CHECK(x(0) == Approx(2.5));
  // At 0 the sticks are broken into equal parts.
  for (Index k = 1; k <= 3; ++k) CHECK(x(k) == Approx(1.0 / 3).epsilon(1e-14));
  CHECK(x.bottomRows(6) == z.tail(6));
}

TEST_CASE("transformed parameters and generated quantities are there on request") {
  const auto made = [](const std::string& include) {
    return test::model(
        "stan", {{"library", programs + "/shapes.so"}, {"include", include}, {"seed", Index(3)}});
  };
  const std::vector<std::string> parameters{"scale", "p 3", "m 2 3"};
  const std::vector<std::string> transformed{"log_p 3"};
  const std::vector<std::string> generated{"w.real 2", "w.imag 2", "t:1 2", "t:2 2 2", "noise"};
  const auto joined = [](std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  CHECK(names(*made("transformed_parameters")->density()) == joined(parameters, transformed));
  CHECK(names(*made("generated_quantities")->density()) == joined(parameters, generated));
  const auto all = made("everything");
  CHECK(names(*all->density()) == joined(joined(parameters, transformed), generated));
  Eigen::MatrixXd x(24, 1);
  all->density()->constrain(Eigen::VectorXd::Zero(9), x);
  CHECK(x(10) == Approx(std::log(1.0 / 3)));
  // The program writes 1, 2, ..., 10 in its own order.
  Eigen::VectorXd expected(10);
  expected << 1, 3, 2, 4, 5, 8, 6, 9, 7, 10;
  CHECK(x.col(0).segment(13, 10) == expected);
}

TEST_CASE("random generated quantities are a function of the draw") {
  const auto options = with(schools(), "include", "generated_quantities");
  const auto model = test::model("stan", options);
  const auto again = test::model("stan", options, 2);
  const Eigen::MatrixXd z = test::normal_points(*model->density(), 2000, 8);
  Eigen::MatrixXd x(18, z.cols()), y(18, 1);
  model->density()->constrain(z, x);
  again->density()->constrain(z.col(1999), y);
  CHECK(y == x.col(1999));
  // y_rep - theta is normal with the school's standard error, whatever z is.
  const double errors[] = {15, 10, 16, 11, 9, 11, 10, 18};
  for (Index j = 0; j < 8; ++j) {
    const Eigen::ArrayXd theta = x.row(8).array() + x.row(9).array() * x.row(j).array();
    const Eigen::ArrayXd noise = (x.row(10 + j).transpose().array() - theta) / errors[j];
    CHECK(std::abs(noise.mean()) < 5 / std::sqrt(2000.0));
    CHECK(std::abs(noise.square().mean() - 1) < 5 * std::sqrt(2 / 2000.0));
  }
}

TEST_CASE("numbers of transformed data depend on seed, or on the replicate without one") {
  const auto noise = [](test::OptionMap options, std::uint64_t seed) {
    options.emplace("library", programs + "/shapes.so");
    options.emplace("include", "generated_quantities");
    const auto model = test::model("stan", std::move(options), seed);
    Eigen::MatrixXd x(21, 1);
    model->density()->constrain(Eigen::VectorXd::Zero(9), x);
    return x(20);
  };
  CHECK(noise({{"seed", Index(1)}}, 1) == noise({{"seed", Index(1)}}, 2));
  CHECK(noise({{"seed", Index(1)}}, 1) != noise({{"seed", Index(2)}}, 1));
  CHECK(noise({}, 1) == noise({}, 1));
  CHECK(noise({}, 1) != noise({}, 2));
}

TEST_CASE("a point that the program rejects has density 0, and its texts are given back") {
  const std::string fault = GENERATE("rejects_sometimes", "nan");
  const auto model = test::model("stan", schools(fault));
  Eigen::MatrixXd z = Eigen::MatrixXd::Zero(10, 2);
  z(0, 1) = 1.5;
  const auto at = test::value_and_gradient(*model->density(), z);
  CHECK(std::isfinite(at.log_p[0]));
  CHECK(at.log_p[1] == -INFINITY);
  CHECK(at.gradient.col(1).isZero(0));
  CHECK(test::log_density_at(*model->density(), z.col(1)) == -INFINITY);
  const std::string file = programs + "/schools_" + fault + ".so";
  const auto open_errors = reinterpret_cast<long (*)()>(
      dlsym(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), "bs_test_open_errors"));
  CHECK(open_errors() == 0);
}

TEST_CASE("a gradient that is no number makes the point one of density 0") {
  const auto model = test::model("stan", schools("nan_gradient"));
  const auto at = test::value_and_gradient(*model->density(), Eigen::VectorXd::Constant(10, 1.5));
  CHECK(at.log_p[0] == -INFINITY);
  CHECK(at.gradient.isZero(0));
}

TEST_CASE("generated quantities that cannot be computed are NaN, the parameters are there") {
  const auto model =
      test::model("stan", with(schools("throws_in_generated_quantities"), "include", "everything"));
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(26, 1);
  model->density()->constrain(Eigen::VectorXd::Ones(10), x);
  CHECK(x.topRows(18).allFinite());
  CHECK(x.bottomRows(8).array().isNaN().all());
}

TEST_CASE("a library that cannot be used is refused with the reason") {
  const auto refusal = [](const std::string& fault) {
    return test::refusal("stan", schools(fault));
  };
  CHECK_THAT(refusal("other_major"),
             Contains("schools_other_major.so: was made by BridgeStan 3.7.0, expected version 2"));
  CHECK_THAT(refusal("no_version"),
             Contains("is no library of BridgeStan 2") && Contains("BridgeStan 1 made it"));
  CHECK_THAT(refusal("missing_symbol"),
             Contains("has no function bs_param_constrain") && Contains("BridgeStan 2.7.0"));
  CHECK_THAT(refusal("throws_at_construction"),
             Contains("refuses its data") && Contains("schools.json") &&
                 Contains("found N=-1, expected at least 0") &&
                 Contains("it last printed: about to look at the data"));
  CHECK_THAT(refusal("no_parameters"), Contains("has no parameters"));
  CHECK_THAT(refusal("names"), Contains("has 10 numbers and names for 11"));
  CHECK_THAT(refusal("rejects_always"), Contains("finite at none of 100 random points") &&
                                            Contains("index 9 out of range, expected 1 to 8"));
  const std::string plugin = std::string(ELBOW_PLUGINS) + "/models/eight_schools.so";
  CHECK_THAT(test::refusal("stan", {{"library", plugin}}),
             Contains("is no library of BridgeStan 2, for it has no symbol bs_major_version"));
  const std::string text = programs + "/schools.json";
  CHECK_THAT(test::refusal("stan", {{"library", text}}), Contains("schools.json"));
}

TEST_CASE("options of a Stan model that do not go together are refused") {
  CHECK_THAT(test::refusal("stan", {}), Contains("library or source must be given"));
  CHECK_THAT(test::refusal("stan", with(schools(), "source", "a.so")),
             Contains("source and library are both given"));
  CHECK_THAT(test::refusal("stan", {{"source", "/tmp/schools.txt"}}),
             Contains("source must be a file whose name ends in .stan, got /tmp/schools.txt"));
  CHECK_THAT(test::refusal("stan", with(schools(), "data", "/tmp/schools.dat")),
             Contains("data must be a JSON file") && Contains("/tmp/schools.dat"));
  CHECK_THAT(test::refusal("stan", {{"library", programs + "/schools.so"}}),
             Contains("no data is given") && Contains("is no object"));
}
