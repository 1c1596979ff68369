#include <numeric>

#include "support/gaussian_target.hpp"
#include "support/plugin_under_test.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::VectorXd;

namespace stochastic_vi_tests {

namespace {

/// Steps with minibatches of this size (0: all items). @return the exact ELBO at the end
double ascend(Model& model, Index batch, Index steps, OptionMap options = {}) {
  options["elbo_interval"] = std::int64_t(1);
  const auto method = estimator("stochastic_vi", model, nullptr, std::move(options));
  VectorXd trace(2);
  std::vector<Index> items(std::size_t(batch), 0);
  for (Index t = 0; t < steps; ++t) {
    RandomStream numbers = stream(9).substream(std::uint64_t(t));
    for (Index& item : items) item = numbers.integer(model.conjugate()->item_count());
    Fit fit{model, nullptr, nullptr, t, numbers, items};
    REQUIRE(method->step(fit, trace) == Progress::going);
    REQUIRE(trace[1] == Approx(std::pow(double(t + 1) + 1, -0.7)).epsilon(1e-12));
  }
  return trace[0];
}

}  // namespace

TEST_CASE("Stochastic VI on all items reaches the exact posterior of a linear regression") {
  const auto target =
      model("linear_regression", {{"items", std::int64_t(60)}, {"dimension", std::int64_t(4)}});
  REQUIRE(ascend(*target, 0, 3000) ==
          Approx(target->reference()->log_evidence()->value).margin(1e-6));
}

TEST_CASE("Stochastic VI with minibatches comes to the optimum of coordinate ascent") {
  const std::string name = GENERATE("normal_gamma", "linear_regression");
  const auto target = model(name, {{"items", std::int64_t(200)}});
  const double found = ascend(*target, 20, 4000);
  for (int sweep = 0; sweep < 100; ++sweep)
    for (Index b = 0; b < target->conjugate()->block_count(); ++b)
      target->conjugate()->update_block(b);
  const double optimum = target->conjugate()->elbo();
  INFO(name);
  REQUIRE(found <= optimum + 1e-9);
  REQUIRE(found > optimum - 0.2);
}

TEST_CASE("Stochastic VI of a mixture comes to a fixed point of coordinate ascent") {
  const auto target =
      model("bayesian_gaussian_mixture", {{"items", std::int64_t(300)}, {"prior_sd", 20.0}});
  const double found = ascend(*target, 30, 4000);
  for (int sweep = 0; sweep < 5; ++sweep)
    for (Index b = 0; b < target->conjugate()->block_count(); ++b)
      target->conjugate()->update_block(b);
  const double optimum = target->conjugate()->elbo();
  REQUIRE(found <= optimum + 1e-9);
  REQUIRE(found > optimum - 1e-3 * std::abs(optimum));
}

}  // namespace stochastic_vi_tests
