// Population methods: the evidence, weighted moments, resampling and what they say when they
// cannot.

#include "support/gaussian_target.hpp"
#include "support/population.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

Population run(Model& model, const std::string& name, OptionMap options, Index particles,
               std::uint64_t seed = 1, Family* fitted = nullptr) {
  return run_population(model, name, std::move(options), particles, stream(seed), 2000, fitted);
}

/// exp(-x^4 + 6 x^2 + x / 2) in every even coordinate and exp(-y^2 / 2) in the odd ones: log Z is
/// 10.2934797 for each pair.
class ManyWell final : public Model, public Density {
 public:
  explicit ManyWell(Index wells) : wells_(wells) {}
  Density* density() override { return this; }
  Index dimension() const override { return 2 * wells_; }
  std::vector<Variable> variables() const override { return {{"z", {2 * wells_}, {}, ""}}; }
  void log_density(Draws z, VectorOut log_p) override {
    for (Index s = 0; s < z.cols(); ++s) {
      log_p[s] = 0;
      for (Index w = 0; w < wells_; ++w) {
        const double x = z(2 * w, s), y = z(2 * w + 1, s), square = x * x;
        log_p[s] += -square * square + 6 * square + 0.5 * x - 0.5 * y * y;
      }
    }
  }
  void log_density_gradient(Draws z, VectorOut log_p, DrawsOut gradient) override {
    log_density(z, log_p);
    for (Index s = 0; s < z.cols(); ++s)
      for (Index w = 0; w < wells_; ++w) {
        const double x = z(2 * w, s);
        gradient(2 * w, s) = -4 * x * x * x + 12 * x + 0.5;
        gradient(2 * w + 1, s) = -z(2 * w + 1, s);
      }
  }
  /// P(x > 0), by quadrature.
  static double right() {
    double total = 0, right = 0;
    for (double x = -4; x < 4; x += 1e-4) {
      const double p = std::exp(-std::pow(x, 4) + 6 * x * x + 0.5 * x - 10);
      total += p;
      right += x > 0 ? p : 0;
    }
    return right / total;
  }

 private:
  Index wells_;
};

constexpr double log_z_per_well = 10.2934797;

/// -inf, or NaN, everywhere.
class Nowhere final : public Model, public Density {
 public:
  explicit Nowhere(double value) : value_(value) {}
  Density* density() override { return this; }
  Index dimension() const override { return 2; }
  std::vector<Variable> variables() const override { return {{"z", {2}, {}, ""}}; }
  void log_density(Draws, VectorOut log_p) override { log_p.setConstant(value_); }

 private:
  double value_;
};

const std::vector<std::tuple<std::string, OptionMap>> methods = {
    {"smc", {}},
    {"smc", {{"kernel", std::string("random_walk")}}},
    {"smc", {{"islands", std::int64_t(1)}}},
    {"smc", {{"criterion", std::string("plain")}, {"resampling", std::string("multinomial")}}},
    {"smc", {{"resampling", std::string("residual")}, {"resample_below", 1.0}}},
    {"smc", {{"resampling", std::string("stratified")}, {"ess_target", 0.9}}},
    {"annealed_importance_sampling", {}},
    {"annealed_importance_sampling", {{"kernel", std::string("random_walk")}}},
    {"annealed_importance_sampling", {{"temperatures", std::int64_t(40)}, {"power", 4.0}}},
    {"annealed_importance_sampling", {{"pilot", false}, {"power", 2.0}}}};

}  // namespace

TEST_CASE("Populations find the evidence and the moments of a Gaussian, from a shifted start") {
  const auto [name, options] = GENERATE(from_range(methods));
  const double log_evidence = -7.25;
  const MatrixXd covariance = (MatrixXd(2, 2) << 0.5, 0.3, 0.3, 0.4).finished();
  GaussianTarget target(Eigen::Vector2d(1.5, -1), covariance, log_evidence);
  constexpr Index runs = 16;
  VectorXd evidence(runs), mean(runs), square(runs);
  for (Index r = 0; r < runs; ++r) {
    const Population end = run(target, name, options, 500, std::uint64_t(r) + 1);
    REQUIRE(end.progress == Progress::converged);
    REQUIRE(end.last("temperature") == 1);
    evidence[r] = std::exp(end.log_evidence - log_evidence);
    mean[r] = end.z.row(0) * end.weights;
    square[r] = (end.z.row(1).array() + 1).square().matrix() * end.weights;
  }
  const auto agrees = [&](const VectorXd& found, double known) {
    const double se =
        std::sqrt((found.array() - found.mean()).square().sum() / double(runs - 1) / double(runs));
    return std::abs(found.mean() - known) < 3 * se + 1e-12 && se < 0.05;
  };
  REQUIRE(agrees(evidence, 1));
  REQUIRE(agrees(mean, 1.5));
  REQUIRE(agrees(square, 0.4));
}

TEST_CASE("Populations find the evidence of many wells, all of them") {
  const auto [name, options] = GENERATE(table<std::string, OptionMap>(
      {{"smc",
        {{"initial_sd", 2.0}, {"kernel", std::string("random_walk")}, {"moves", std::int64_t(10)}}},
       {"smc", {}},
       {"annealed_importance_sampling", {}}}));
  constexpr Index wells = 4, runs = 6;
  ManyWell target(wells);
  VectorXd log_evidence(runs), right(runs);
  for (Index r = 0; r < runs; ++r) {
    const Population end = run(target, name, options, 1000, std::uint64_t(r) + 1);
    log_evidence[r] = end.log_evidence;
    right[r] = (end.z.row(2).array() > 0).cast<double>().matrix() * end.weights;
  }
  const auto error = [&](const VectorXd& v) {
    return std::sqrt((v.array() - v.mean()).square().sum() / double(runs - 1) / double(runs));
  };
  REQUIRE(std::abs(log_evidence.mean() - wells * log_z_per_well) < 3 * error(log_evidence));
  REQUIRE(error(log_evidence) < 0.2);
  REQUIRE(std::abs(right.mean() - ManyWell::right()) < 4 * error(right));
}

TEST_CASE("The reported error of the log evidence is its spread over runs") {
  const auto [name, options] =
      GENERATE(table<std::string, OptionMap>({{"smc", {{"resampling", std::string("multinomial")}}},
                                              {"annealed_importance_sampling", {}}}));
  GaussianTarget target(Eigen::Vector2d(1, -1), 0.3 * MatrixXd::Identity(2, 2));
  constexpr Index runs = 40;
  VectorXd log_evidence(runs);
  double variance = 0;
  for (Index r = 0; r < runs; ++r) {
    const Population end = run(target, name, options, 400, std::uint64_t(r) + 100);
    log_evidence[r] = end.log_evidence;
    variance += std::pow(end.log_evidence_sd, 2) / double(runs);
  }
  const double found = (log_evidence.array() - log_evidence.mean()).square().sum() / (runs - 1);
  // The ratio of two such variances has a relative sd of about sqrt(2 / 39) = 0.23.
  REQUIRE(std::log(variance / found) == Approx(0).margin(0.75));
}

TEST_CASE("SMC states an error of the size that it makes where the base is far out in the tails") {
  // Log ratios of draws of N(0, 9) on eight schools go down to minus thousands.
  const auto target = model("eight_schools");
  const double known = target->reference()->log_evidence()->value;
  constexpr Index runs = 8;
  double made = 0, stated = 0;
  for (Index r = 0; r < runs; ++r) {
    const Population end = run(*target, "smc", {}, 200, std::uint64_t(r) + 1);
    made += std::pow(end.log_evidence - known, 2) / double(runs);
    stated += std::pow(end.log_evidence_sd, 2) / double(runs);
  }
  INFO("stated " << std::sqrt(stated) << ", made " << std::sqrt(made));
  // The mean of so many squares has a relative sd of a half.
  CHECK(std::abs(std::log(stated / made)) < 4 * std::sqrt(2 / double(runs)));
}

TEST_CASE("A fit is the base: annealing from the target itself leaves every weight equal") {
  const std::string name = GENERATE("smc", "annealed_importance_sampling");
  const std::string kernel = GENERATE("random_walk", "hmc");
  GaussianTarget target(VectorXd::Zero(3), 4 * MatrixXd::Identity(3, 3), 2.5);
  const auto fit = family("gaussian_mean_field", 3, {{"initial_scale", 2.0}});
  const Population end = run(target, name, {{"kernel", kernel}}, 100, 1, &*fit);
  REQUIRE(end.log_evidence == Approx(2.5).epsilon(1e-10));
  REQUIRE(end.weights.minCoeff() == Approx(0.01).epsilon(1e-9));
  if (name == "smc") REQUIRE(end.statistics.size() == 1);  // one step reaches the target
}

TEST_CASE("Every step of SMC keeps the share of the particles that was asked for") {
  const std::string criterion = GENERATE("conditional", "plain");
  const double keep = GENERATE(0.5, 0.9);
  GaussianTarget target(VectorXd::Constant(4, 2), 0.1 * MatrixXd::Identity(4, 4));
  const Population end = run(target, "smc",
                             {{"criterion", criterion},
                              {"ess_target", keep},
                              {"resample_below", 1.0},
                              {"islands", std::int64_t(1)}},
                             500);
  // With ancestors drawn at every temperature the weights are those of one step.
  const Index ess = end.field("ess");
  for (std::size_t i = 0; i + 1 < end.statistics.size(); ++i) {
    const double kept = end.statistics[i](ess, 0) / 500;
    REQUIRE(kept > keep - 1e-6);
    // Steps that the tails make shorter keep more.
    REQUIRE(kept < (criterion == "plain" ? keep + 1e-6 : 0.3 * keep + 0.7));
  }
  REQUIRE(end.last("ess") >= keep * 500);
  const Index temperature = end.field("temperature");
  for (std::size_t i = 1; i < end.statistics.size(); ++i)
    REQUIRE(end.statistics[i](temperature, 0) > end.statistics[i - 1](temperature, 0));
}

TEST_CASE("A population on a part of the space has the evidence of that part") {
  // N(0, 1) on z > 1 alone: the evidence is P(z > 1).
  class Tail final : public Model, public Density {
   public:
    Density* density() override { return this; }
    Index dimension() const override { return 1; }
    std::vector<Variable> variables() const override { return {{"z", {}, {}, ""}}; }
    void log_density(Draws z, VectorOut log_p) override {
      for (Index s = 0; s < z.cols(); ++s)
        log_p[s] = z(0, s) > 1 ? log_normal(z(0, s), 0, 1) : z(0, s) < -2 ? NAN : -INFINITY;
    }
  } target;
  const std::string name = GENERATE("smc", "annealed_importance_sampling");
  constexpr Index particles = 4000;
  const Population end =
      run(target, name, {{"kernel", std::string("random_walk")}, {"initial_sd", 1.0}}, particles);
  const double known = 1 - normal_cdf(1);
  // The base is the target but for the edge, so that the evidence is a share of the particles.
  const double se = std::sqrt((1 - known) / known / particles);
  REQUIRE(std::abs(end.log_evidence - std::log(known)) < 3 * se);
  for (Index c = 0; c < particles; ++c) REQUIRE((end.weights[c] < 1e-300 || end.z(0, c) > 1));
}

TEST_CASE("A base without any particle in the support is refused with the reason") {
  const std::string name = GENERATE("smc", "annealed_importance_sampling", "importance");
  Nowhere target(GENERATE(-INFINITY, double(NAN)));
  REQUIRE_THROWS_WITH(run(target, name, {}, 50), Catch::Contains("none of") &&
                                                     Catch::Contains("finite log density") &&
                                                     Catch::Contains("fit, are needed"));
}

TEST_CASE("Islands are no larger a part of a population than halves of its particles") {
  GaussianTarget target = correlated(0.5);
  REQUIRE_THROWS_WITH(sampler("smc", target, 9, 0, 10, {{"islands", std::int64_t(5)}}),
                      Catch::Contains("5 islands of 9 particles"));
}

TEST_CASE("Islands that miss a mode by chance say so in the error of the evidence") {
  // With one move at a temperature all that SMC knows of the modes is which particles began where.
  ManyWell target(8);
  constexpr Index runs = 12;
  double square = 0;
  for (Index r = 0; r < runs; ++r) {
    const Population end = run(target, "smc",
                               {{"kernel", std::string("random_walk")},
                                {"moves", std::int64_t(1)},
                                {"decorrelation", 0.0}},
                               400, std::uint64_t(r) + 1);
    square += std::pow((end.log_evidence - 8 * log_z_per_well) / end.log_evidence_sd, 2) / runs;
  }
  // Of standard normal numbers it would be 1 with a standard deviation of 0.41.
  REQUIRE(square < 1 + 4 * std::sqrt(2.0 / double(runs)));
}

TEST_CASE("An annealing that misses what its pilot found says so in the error of the evidence") {
  // Half of the target is beyond where one step from N(0, 9) reaches: the weights look even.
  const auto target = model("laplace_mixture", {{"locations", VectorXd(Eigen::Vector2d(0, 12))},
                                                {"scales", VectorXd(Eigen::Vector2d(1, 1))}});
  int misses = 0;
  for (std::uint64_t r = 1; r <= 8; ++r) {
    const Population end =
        run(*target, "annealed_importance_sampling", {{"temperatures", std::int64_t(1)}}, 200, r);
    INFO("log evidence " << end.log_evidence << " (" << end.log_evidence_sd << "), known 0");
    CHECK(std::abs(end.log_evidence) < 3 * end.log_evidence_sd);
    misses += std::abs(end.log_evidence - std::log(0.5)) < 0.2;
  }
  CHECK(misses > 4);
}

TEST_CASE("One particle is no population") {
  GaussianTarget target = correlated(0.5);
  REQUIRE_THROWS_WITH(sampler("smc", target, 1, 0, 10), Catch::Contains("at least 2, got 1"));
}

TEST_CASE("Importance sampling finds the evidence and the moments that its weights tell") {
  GaussianTarget target(Eigen::Vector2d(1.5, -1), 0.8 * MatrixXd::Identity(2, 2), -3.5);
  constexpr Index draws = 20000;
  const Population end = run(target, "importance", {{"base_sd", 2.0}}, draws);
  REQUIRE(end.statistics.size() == 1);
  REQUIRE(std::abs(end.log_evidence + 3.5) < 3 * end.log_evidence_sd);
  REQUIRE(end.log_evidence_sd < 0.03);
  const double mean = end.z.row(0) * end.weights;
  const double se =
      std::sqrt((end.weights.array() * (end.z.row(0).transpose().array() - mean)).square().sum());
  REQUIRE(std::abs(mean - 1.5) < 4 * se);
}

TEST_CASE("Importance sampling from a fit that is the target has equal weights") {
  GaussianTarget target(VectorXd::Zero(3), 4 * MatrixXd::Identity(3, 3), 2.5);
  const auto fit = family("gaussian_mean_field", 3, {{"initial_scale", 2.0}});
  const Population end = run(target, "importance", {}, 200, 1, &*fit);
  REQUIRE(end.log_evidence == Approx(2.5).epsilon(1e-10));
  REQUIRE(end.log_evidence_sd < 1e-7);
}
