#include "support.hpp"

using namespace elbow;
using namespace elbow::test;
using Eigen::VectorXd;

TEST_CASE("Every variant of the autoencoder climbs its own gradient") {
  // Along a random direction of all parameters, against differences under common random numbers.
  struct Case {
    std::string name;
    OptionMap model, family, method;
    std::string estimator = "amortized_elbo";
  };
  const std::string mc = "monte_carlo", two = "two";
  const OptionMap couplings = {{"prior", std::string("flow")},
                               {"couplings", std::int64_t(3)},
                               {"coupling_hidden", widths(5)}};
  const OptionMap mixture = {{"prior", std::string("mixture")}, {"pseudo_inputs", std::int64_t(4)}};
  const OptionMap layers = {
      {"layers", two}, {"second_latents", std::int64_t(2)}, {"second_hidden", widths(6)}};
  const OptionMap second = {{"layers", two}, {"second_hidden", widths(6)}};
  const auto chosen = GENERATE_COPY(values<Case>({
      {"closed", {}, {}, {}},
      {"monte carlo", {}, {}, {{"kl", mc}}},
      {"gaussian pixels", {{"pixels", std::string("gaussian")}}, {}, {}},
      {"logit-normal pixels", {{"pixels", std::string("logit_normal")}}, {}, {}},
      {"dequantized", {{"pixels", std::string("gaussian")}, {"dequantize", true}}, {}, {}},
      {"bottom half", {{"observed", std::string("bottom")}}, {}, {}},
      {"diagonal prior", {{"prior", std::string("diagonal")}}, {}, {}},
      {"diagonal prior by Monte Carlo", {{"prior", std::string("diagonal")}}, {}, {{"kl", mc}}},
      {"flow prior", couplings, {}, {{"kl", mc}}},
      {"mixture of posteriors", mixture, {}, {{"kl", mc}}},
      {"mixture of posteriors, five draws",
       mixture,
       {},
       {{"draws", std::int64_t(5)}, {"gradient", std::string("standard")}},
       "importance_weighted"},
      {"two layers", layers, second, {{"kl", mc}}},
      {"two layers, five draws",
       layers,
       second,
       {{"draws", std::int64_t(5)}, {"gradient", std::string("standard")}},
       "importance_weighted"},
  }));
  INFO(chosen.name);
  const auto target = model("vae", tiny(chosen.model));
  LatentItems& items = *target->latent_items();
  OptionMap encoder = {{"hidden", widths(6)}, {"activation", std::string("tanh")}};
  for (const auto& [name, value] : chosen.family) encoder[name] = value;
  const auto q = family("amortized_gaussian", items.latent_dimension(), encoder, 1,
                        items.feature_dimension(), items.second_dimension());
  const auto method = estimator(chosen.estimator, *target, &*q, chosen.method);
  Measured measured(*method);
  for (std::uint64_t k = 0; k < 2; ++k) measured.move(direction(measured.size(), 90 + k), 0.5);
  const std::vector<Index> batch = {1, 4, 2, 30};
  for (std::uint64_t k = 0; k < 3; ++k) {
    const VectorXd u = direction(measured.size(), k);
    measured.value(*target, *q, 1, batch);
    const double slope = measured.slope(u), step = 0.1;
    const auto difference = [&](double h) {
      measured.move(u, h);
      const double up = measured.value(*target, *q, 1, batch);
      measured.move(u, -2 * h);
      const double down = measured.value(*target, *q, 1, batch);
      measured.move(u, h);
      return (up - down) / (2 * h);
    };
    const double expected = (4 * difference(step / 2) - difference(step)) / 3;
    INFO("slope " << slope << ", differences " << expected);
    REQUIRE(std::abs(slope - expected) < 2e-3 * std::max(1.0, std::abs(expected)));
  }
}

TEST_CASE("The second layer of a family is as large as its model's") {
  const auto q = [](Index of_model, OptionMap given = {}) {
    given.insert({{"hidden", widths(6)}, {"layers", std::string("two")}});
    given.insert({{"second_hidden", widths(4)}});
    return family("amortized_gaussian", 5, given, 1, 20, of_model);
  };
  const auto size = [](Family& family) {
    for (const BlockInfo& block : family.parameters().blocks())
      if (block.name == "encoder_2_bias_2") return block.rows / 2;
    return Index(0);
  };
  const OptionMap three = {{"second_dimension", std::int64_t(3)}};
  REQUIRE(size(*q(2)) == 2);
  REQUIRE(size(*q(3, three)) == 3);
  // Where the model has one layer, a family may still have two.
  REQUIRE(size(*q(0)) == 1);
  REQUIRE(size(*q(0, three)) == 3);
  REQUIRE_THROWS_WITH(q(2, three),
                      "second_dimension is 3, but the model's second layer has 2 "
                      "coordinates: leave it out");
}

TEST_CASE("Beta weighs the rate in what is climbed and never in what is reported") {
  const auto target = model("vae", tiny());
  LatentItems& items = *target->latent_items();
  const auto q = family("amortized_gaussian", 3, {{"hidden", widths(6)}}, 1, 20);
  const auto climbed = [&](const std::string& kl, double beta) {
    const auto method = estimator("amortized_elbo", *target, &*q,
                                  {{"kl", kl}, {"objective", std::string("beta")}, {"beta", beta}});
    Measured measured(*method);
    const double value = measured.value(*target, *q, 1, {});
    const VectorXd& trace = measured.trace();
    REQUIRE(value == Approx(-trace[0] - trace[1]));
    return std::pair(value, measured.slope(direction(measured.size(), 2)));
  };
  for (const std::string kl : {"closed", "monte_carlo"}) {
    const auto none = climbed(kl, 0), one = climbed(kl, 1), four = climbed(kl, 4);
    REQUIRE(none.first == Approx(one.first).epsilon(1e-12));
    REQUIRE(four.first == Approx(one.first).epsilon(1e-12));
    // Linear in beta.
    REQUIRE(four.second - none.second == Approx(4 * (one.second - none.second)).margin(1e-4));
  }
  REQUIRE(items.gaussian_prior() != nullptr);
}

TEST_CASE("Schedules of beta rise as they say") {
  const auto target = model("vae", tiny());
  const auto q = family("amortized_gaussian", 3, {{"hidden", widths(6)}}, 1, 20);
  const auto beta = [&](const std::string& objective, Index iteration,
                        std::optional<double> weight = 3) {
    const auto method = estimator("amortized_elbo", *target, &*q, [&] {
      OptionMap options = {{"objective", objective}, {"ramp", std::int64_t(100)}};
      if (weight) options["beta"] = *weight;
      return options;
    }());
    GradientEstimator& estimator = *method->gradient_estimator();
    std::vector<Gradient> gradients;
    for (Parameters* parameters : estimator.trained()) gradients.emplace_back(*parameters);
    std::vector<GradientOut> outs;
    for (Gradient& gradient : gradients) outs.push_back(gradient.out());
    VectorXd trace(Index(estimator.own_fields().size()));
    Fit fit{*target, &*q, nullptr, iteration, stream(1), {}};
    estimator.value_and_gradient(fit, outs, trace);
    return trace[2];
  };
  REQUIRE(beta("elbo", 0, {}) == 1);
  REQUIRE(beta("beta", 0, {}) == 1);
  REQUIRE(beta("warm_up", 300, {}) == 1);
  REQUIRE_THROWS_WITH(beta("elbo", 0), Catch::Contains("choose objective \"beta\""));
  REQUIRE(beta("beta", 0) == 3);
  REQUIRE(beta("warm_up", 0) == 0);
  REQUIRE(beta("warm_up", 50) == Approx(1.5));
  REQUIRE(beta("warm_up", 300) == 3);
  REQUIRE(beta("cyclical", 25) == Approx(1.5));
  REQUIRE(beta("cyclical", 60) == 3);
  REQUIRE(beta("cyclical", 125) == Approx(1.5));
}

TEST_CASE("Wake-sleep and closed rates refuse priors that they cannot work with") {
  const auto mixed = model("vae", tiny({{"prior", std::string("mixture")}}));
  const auto q = family("amortized_gaussian", 3, {{"hidden", widths(6)}}, 1, 20);
  REQUIRE_THROWS_AS(estimator("wake_sleep", *mixed, &*q), Unsupported);
  REQUIRE_THROWS_AS(estimator("amortized_elbo", *mixed, &*q), Unsupported);
  const auto plain = family("gaussian_mean_field", 3);
  REQUIRE_THROWS_AS(estimator("importance_weighted", *mixed, &*plain), Unsupported);
}
