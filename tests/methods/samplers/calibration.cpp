// Simulation-based calibration of every sampler (Talts et al. 2018): parameters from the prior,
// data given them, and the ranks of the parameters among the draws of the posterior are uniform.

#include <cstdlib>

#include "diagnostics/uniformity.hpp"
#include "support/population.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index ranked = 15;  // draws of a simulation: ranks from 0 to 15

/// A regression of eight items whose noise is unknown: its posterior is skew and correlated.
const OptionMap unknown_noise = {{"items", std::int64_t(8)},
                                 {"dimension", std::int64_t(2)},
                                 {"coefficient_scale", 1.0},
                                 {"noise_scale", 1.0}};
const OptionMap known_noise = {{"items", std::int64_t(20)}, {"dimension", std::int64_t(2)}};

/// A short series, mostly stationary.
const OptionMap autoregression = {{"lags", std::int64_t(2)},
                                  {"length", std::int64_t(20)},
                                  {"coefficient_scale", 0.5},
                                  {"noise_scale", 1.0}};

struct Case {
  std::string sampler;
  OptionMap options = {};
  Index warmup = 0;
  Index spacing = 1;  ///< transitions from one ranked draw to the next: several correlation times
  OptionMap model_options = unknown_noise;
  std::string model = "gaussian_regression";
};

/// Draws of one chain, `spacing` transitions apart. [D x ranked]
MatrixXd spaced_draws(Model& target, const Case& c, std::uint64_t simulation) {
  const Index draws = ranked * c.spacing;
  const auto moves = sampler(c.sampler, target, 1, c.warmup, draws, c.options);
  MatrixXd z = MatrixXd::Zero(target.density()->dimension(), 1), kept(z.rows(), ranked);
  MatrixXd statistics(Index(moves->statistics().size()), 1);
  VectorXd log_density(1), log_weights(1);
  target.density()->log_density(z, log_density);
  std::vector<RandomStream> streams = {stream(1)};
  for (Index i = 0; i < c.warmup + draws; ++i) {
    streams[0] = stream(simulation, "chain").substream(std::uint64_t(i));
    Transition t{i, i < c.warmup, streams, z, log_density, statistics, log_weights, 0};
    moves->transition(t);
    if (i >= c.warmup && (i - c.warmup + 1) % c.spacing == 0)
      kept.col((i - c.warmup) / c.spacing) = z;
  }
  return kept;
}

/// Particles of one population, drawn by their weights. [D x ranked]
MatrixXd weighted_draws(Model& target, const Case& c, Index particles, std::uint64_t simulation) {
  const Population end = run_population(target, c.sampler, c.options, particles,
                                        stream(simulation, "population"), 1000);
  REQUIRE(end.progress != Progress::going);
  MatrixXd kept(end.z.rows(), ranked);
  RandomStream choice = stream(simulation, "choice");
  for (Index k = 0; k < ranked; ++k) {
    double left = choice.uniform();
    Index p = 0;
    while (p + 1 < particles && left >= end.weights[p]) left -= end.weights[p++];
    kept.col(k) = end.z.col(p);
  }
  return kept;
}

/// The smallest p-value of both tests of uniformity of all variables, times their number.
template <class Draw>
double calibration_p(const Case& c, std::uint64_t simulations, Draw draw) {
  std::vector<std::vector<Index>> ranks;
  for (std::uint64_t s = 1; s <= simulations; ++s) {
    const auto target = model(c.model, c.model_options, s, true);
    const VectorXd truth = target->truth();
    const MatrixXd z = draw(*target, s);
    MatrixXd x(truth.size(), ranked);
    target->density()->constrain(z, x);
    ranks.resize(std::size_t(truth.size()));
    for (Index v = 0; v < truth.size(); ++v)
      ranks[std::size_t(v)].push_back((x.row(v).array() < truth[v]).count());
  }
  double smallest = 1;
  for (const auto& of_variable : ranks) {
    const Uniformity test = uniformity(of_variable, ranked);
    smallest = std::min({smallest, test.chi_square_p, test.ecdf_p});
  }
  return std::min(1.0, smallest * 2 * double(ranks.size()));
}

std::uint64_t simulations() { return std::getenv("ELBOW_LONG_TESTS") ? 3000 : 150; }

double chain_p(const Case& c) {
  return calibration_p(c, simulations(),
                       [&](Model& target, std::uint64_t s) { return spaced_draws(target, c, s); });
}

/// 150 simulations always: more would see the bias of so few particles.
double population_p(const Case& c, Index particles) {
  return calibration_p(c, 150, [&](Model& target, std::uint64_t s) {
    return weighted_draws(target, c, particles, s);
  });
}

constexpr double level = 0.005;

}  // namespace

// One named test for every sampler.
#define CALIBRATED(name, ...) \
  TEST_CASE("Calibrated: " name) { CHECK(chain_p(Case{__VA_ARGS__}) > level); }

CALIBRATED("nuts", "nuts", {}, 150, 6)
CALIBRATED("nuts on autoregressions", "nuts", {}, 150, 6, autoregression, "ar_k")
CALIBRATED("hmc", "hmc", {}, 150, 6)
CALIBRATED("mala", "mala", {}, 300, 30)
CALIBRATED("barker", "barker", {}, 300, 30)
CALIBRATED("random_walk_metropolis", "random_walk_metropolis", {}, 500, 50)
CALIBRATED("slice", "slice", {}, 150, 15)
CALIBRATED("elliptical_slice", "elliptical_slice", {}, 200, 25)
CALIBRATED("affine_invariant, stretch moves", "affine_invariant",
           {{"move", std::string("stretch")}}, 200, 40)
CALIBRATED("affine_invariant, differential evolution moves", "affine_invariant",
           {{"move", std::string("differential_evolution")}}, 200, 40)
CALIBRATED("parallel_tempering", "parallel_tempering", {{"rungs", std::int64_t(4)}}, 150, 8)

namespace {

Case langevin(double step_size, Index spacing) {
  return {"sgld",      {{"step_size", step_size}, {"batch_size", std::int64_t(10)}},
          3 * spacing, spacing,
          known_noise, "linear_regression"};
}

}  // namespace

// On 20 items the posterior's precision is near 20 and the gradient of a batch has a variance near
// 80: a step of a adds 20 a to the variance of the draws in units of the posterior's. Steps of
// 0.001 add 2 percent, which these ranks do not see; steps of 0.06 make it more than twice as
// large.
CALIBRATED("sgld with short steps", langevin(0.001, 300))
TEST_CASE("Not calibrated: sgld with long steps") { CHECK(chain_p(langevin(0.1, 20)) < level); }

// Ranks among particles drawn by their weights are uniform up to the bias of self-normalised
// weights, of the order of the inverse of their effective number.
#define CALIBRATED_POPULATION(name, particles, ...)                  \
  TEST_CASE("Calibrated: " name) {                                   \
    CHECK(population_p(Case{name, __VA_ARGS__}, particles) > level); \
  }

CALIBRATED_POPULATION("smc", 40, {}, 0, 1, known_noise, "linear_regression")
CALIBRATED_POPULATION("annealed_importance_sampling", 40, {}, 0, 1, known_noise,
                      "linear_regression")
CALIBRATED_POPULATION("importance", 2000, {{"base_sd", 1.0}}, 0, 1, known_noise,
                      "linear_regression")
