// Slice sampling of coordinates and along ellipses.

#include "support/chains.hpp"
#include "support/gaussian_target.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Student's t with 5 degrees of freedom around 0, scale 1, in D dimensions; every coordinate has
/// the variance 5 / 3.
class StudentTarget final : public Model, public Density {
 public:
  explicit StudentTarget(Index dimension) : dimension_(dimension) {}
  Density* density() override { return this; }
  Index dimension() const override { return dimension_; }
  std::vector<Variable> variables() const override { return {{"z", {dimension_}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = -0.5 * (5 + double(dimension_)) * std::log1p(z.col(s).squaredNorm() / 5);
  }
  MatrixXd draws(RandomStream own, Index count) const {
    MatrixXd z(dimension_, count);
    own.fill_normal(z);
    for (Index s = 0; s < count; ++s) {
      double chi_square = 0;
      for (int i = 0; i < 5; ++i) chi_square += std::pow(own.normal(), 2);
      z.col(s) *= std::sqrt(5 / chi_square);
    }
    return z;
  }

 private:
  Index dimension_;
};

/// 1 on an interval, 0 elsewhere.
class Interval final : public Model, public Density {
 public:
  Interval(double low, double high) : low_(low), high_(high) {}
  Density* density() override { return this; }
  Index dimension() const override { return 1; }
  std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s)
      log_p[s] = z(0, s) > low_ && z(0, s) < high_ ? 0 : -INFINITY;
  }

 private:
  double low_, high_;
};

}  // namespace

TEST_CASE("Slice sampling reports the log densities that it asked for") {
  GaussianTarget target = correlated(0.5);
  const Chains chains = sample(target, "slice", {}, MatrixXd::Ones(2, 3), 50, 50);
  double counted = 3;  // the starts
  for (const MatrixXd& statistics : chains.statistics)
    counted += statistics.row(chains.field("n_evaluations")).sum();
  REQUIRE(double(target.evaluations) == counted);
}

TEST_CASE("A slice of an interval is the interval, so that draws are independent") {
  // Widths beyond the interval: every move is uniform on it, whatever came before.
  constexpr Index draws = 20000;
  Interval target(2, 5);
  const Chains chain = sample(target, "slice", {{"width", 10.0}, {"adapt", false}},
                              MatrixXd::Constant(1, 1, 2.1), 0, draws);
  double mean = 0, square = 0, product = 0, before = 0;
  for (const MatrixXd& z : chain.z) {
    const double x = z(0, 0) - 3.5;
    mean += x / draws;
    square += x * x / draws;
    product += x * before / draws;
    before = x;
  }
  const double n = double(draws);
  REQUIRE(std::abs(mean) < 4 * std::sqrt(0.75 / n));
  REQUIRE(std::abs(square - 0.75) < 4 * std::sqrt((81.0 / 80 - 0.75 * 0.75) / n));
  REQUIRE(std::abs(product) < 4 * 0.75 / std::sqrt(n));
}

TEST_CASE("Warm-up makes the width three times a typical move, at any scale") {
  const double sd = GENERATE(1e-3, 1.0, 1e3);
  GaussianTarget target(VectorXd::Zero(1), MatrixXd::Constant(1, 1, sd * sd));
  const Chains chains = sample(target, "slice", {}, MatrixXd::Zero(1, 2), 500, 1000);
  const Index evaluations = chains.field("n_evaluations");
  double mean = 0;
  for (std::size_t i = 500; i < 1500; ++i) mean += chains.statistics[i].row(evaluations).mean();
  REQUIRE(mean / 1000 < 6);
}

TEST_CASE("Slice sampling of a density without a finite integral goes on") {
  Interval target(-INFINITY, INFINITY);
  const Chains chains = sample(target, "slice", {}, MatrixXd::Zero(1, 2), 200, 200);
  REQUIRE(chains.z.back().allFinite());
}

TEST_CASE("An elliptical slice of the base itself takes the first angle") {
  const auto first_angles = [](const Chains& chains) {
    for (const MatrixXd& statistics : chains.statistics)
      if (statistics.row(chains.field("n_evaluations")).maxCoeff() != 1) return false;
    return true;
  };
  SECTION("Gaussian") {
    GaussianTarget target(VectorXd::Zero(3), 4 * MatrixXd::Identity(3, 3));
    REQUIRE(first_angles(sample(
        target, "elliptical_slice",
        {{"base", std::string("gaussian")}, {"base_sd", 2.0}, {"adapt", std::string("none")}},
        MatrixXd::Ones(3, 4), 20, 100)));
  }
  SECTION("Student") {
    StudentTarget target(3);
    REQUIRE(first_angles(sample(target, "elliptical_slice", {{"adapt", std::string("none")}},
                                MatrixXd::Ones(3, 4), 20, 100)));
  }
}

TEST_CASE("Exact Student draws stay exact under elliptical slices") {
  // The scale given the place is inverse gamma: with any other the tails would drift.
  constexpr Index chains = 20000;
  const auto [base, freedom, sd] = GENERATE(table<std::string, double, double>(
      {{"student", 5.0, 1.0}, {"student", 2.0, 0.6}, {"gaussian", 5.0, 2.0}}));
  StudentTarget target(2);
  const MatrixXd starts = target.draws(stream(31), chains);
  const MatrixXd z =
      sample(target, "elliptical_slice",
             {{"base", base}, {"degrees_of_freedom", freedom}, {"base_sd", sd}}, starts, 0, 6)
          .z.back();
  // The 4th moment is 3 * 25 / (3 * 1) = 25 and the variance of z^2 so 25 - 25 / 9.
  const double n = double(chains);
  REQUIRE(std::abs(z.row(0).mean()) < 4 * std::sqrt(5.0 / 3 / n));
  // P(|z| < 1) = 0.636783 for t with 5 degrees of freedom.
  const double inside = (z.row(1).array().abs() < 1).cast<double>().mean();
  const double known = 0.63678253;
  REQUIRE(std::abs(inside - known) < 4 * std::sqrt(known * (1 - known) / n));
}

TEST_CASE("An elliptical slice sampler takes its base from a Gaussian fit before it") {
  GaussianTarget target(VectorXd::Zero(2), 9 * MatrixXd::Identity(2, 2));
  const auto fit = family("gaussian_mean_field", 2, {{"initial_scale", 3.0}});
  const auto moves =
      sampler("elliptical_slice", target, 1, 0, 10,
              {{"base", std::string("gaussian")}, {"adapt", std::string("none")}}, &*fit);
  MatrixXd z = MatrixXd::Ones(2, 1), statistics(3, 1);
  VectorXd log_density(1), log_weights(1);
  target.log_density(z, log_density);
  for (Index i = 0; i < 10; ++i) {
    std::vector<RandomStream> streams(1, stream(1).substream(std::uint64_t(i)));
    Transition t{i, false, streams, z, log_density, statistics, log_weights, 0};
    moves->transition(t);
    REQUIRE(statistics(0, 0) == 1);  // n_evaluations: the fit is the target
  }
}
