#pragma once

#include "plugins/plugin_info.hpp"

namespace elbow {

inline PluginInfo example_plugin(Kind kind, const std::string& name, std::vector<Option> options) {
  PluginInfo info;
  info.kind = kind;
  info.name = name;
  info.options = std::move(options);
  return info;
}

/// Plugins made by hand, with every type of option and every kind of need.
inline Catalog example_catalog() {
  Catalog catalog;
  const auto add = [&](Kind kind, const char* name, std::vector<Option> options) -> PluginInfo& {
    catalog.plugins.push_back(example_plugin(kind, name, std::move(options)));
    return catalog.plugins.back();
  };
  {
    auto& gaussian =
        add(Kind::model, "gaussian",
            {integer("dimension", 2, "D").at_least(1).at_most(1000), reals("mean", {0.0}, "mean"),
             matrix("covariance", optional, "covariance"), real("scale", 1, "scale").above(0)});
    gaussian.provides = Ability::density | Ability::gradient | Ability::reference;
    auto& regression = add(
        Kind::model, "regression",
        {table("file", required, "the data"), boolean("intercept", true, "add a column of ones"),
         real("prior_scale", 1, "prior").above(0)});
    regression.provides = Ability::density | Ability::gradient | Ability::minibatch;
    auto& spins = add(Kind::model, "spins", {integer("size", 4, "spins").at_least(1)});
    spins.provides = Ability::density | Ability::discrete;
    auto& simulator = add(Kind::model, "two_moons", {});
    simulator.provides = Ability::simulator;
  }
  {
    auto& mean_field =
        add(Kind::family, "mean_field", {real("initial_scale", 1, "start").above(0)});
    mean_field.provides = Ability::reparameterized | Ability::log_prob | Ability::closed_entropy;
    auto& flow = add(Kind::family, "flow", {integer("layers", 2, "layers").at_least(1)});
    flow.provides = Ability::reparameterized | Ability::log_prob;
    auto& bernoulli = add(Kind::family, "bernoulli", {});
    bernoulli.provides = Ability::log_prob | Ability::discrete_draws;
  }
  {
    auto& pathwise =
        add(Kind::estimator, "pathwise",
            {integer("draws", 10, "draws per step").at_least(1),
             choice("entropy", {"monte_carlo", "closed"}, "entropy")
                 .when({"closed", Ability::none, Ability::none, Ability::closed_entropy})});
    pathwise.needs_of_model = Ability::density | Ability::gradient;
    pathwise.needs_of_family = Ability::reparameterized;
    pathwise.uses_family = pathwise.uses_optimizer = true;
    auto& score =
        add(Kind::estimator, "score", {integer("draws", 10, "draws per step").at_least(1)});
    score.needs_of_model = Ability::density;
    score.needs_of_family = Ability::log_prob;
    score.uses_family = score.uses_optimizer = true;
    auto& laplace = add(Kind::estimator, "laplace", {});
    laplace.needs_of_model = Ability::density | Ability::gradient;
    auto& ratio = add(Kind::estimator, "ratio", {integer("hidden", 50, "units").at_least(1)});
    ratio.needs_of_model = Ability::simulator;
    ratio.uses_optimizer = true;
  }
  add(Kind::optimizer, "adam",
      {real("learning_rate", 0.01, "step").above(0).unit("steps"),
       real("beta1", 0.9, "decay").at_least(0).below(1)});
  add(Kind::optimizer, "sgd", {real("learning_rate", 0.01, "step").above(0)});
  {
    auto& hmc = add(Kind::sampler, "hmc", {real("step_size", optional, "step").above(0)});
    hmc.needs_of_model = Ability::density | Ability::gradient;
    auto& metropolis = add(Kind::sampler, "metropolis", {text("label", "", "label")});
    metropolis.needs_of_model = Ability::density;
    auto& particles = add(Kind::sampler, "particles", {});
    particles.needs_of_model = Ability::density;
    particles.population = true;
  }
  catalog.refusals.push_back(
      {"/plugins/samplers/broken.so", "built for ABI 99, this is ABI 1", Kind::sampler, "broken"});
  return catalog;
}

}  // namespace elbow
