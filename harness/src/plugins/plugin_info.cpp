#include "plugins/plugin_info.hpp"

#include <algorithm>
#include <array>

namespace elbow {
namespace {

struct KindNames {
  const char* name;
  const char* folder;
};
constexpr std::array<KindNames, 5> kind_names = {{{"model", "models"},
                                                  {"family", "families"},
                                                  {"estimator", "estimators"},
                                                  {"optimizer", "optimizers"},
                                                  {"sampler", "samplers"}}};

constexpr AbilityText ability_texts[] = {
    {Ability::density, "density", "a log density over unconstrained space"},
    {Ability::gradient, "gradient", "the gradient of the log density"},
    {Ability::minibatch, "minibatch", "the log density on a subset of the data items"},
    {Ability::latent_items, "latent_items", "data items with a latent variable each"},
    {Ability::simulator, "simulator", "draws of data given parameters"},
    {Ability::energy, "energy", "an unnormalised density over data"},
    {Ability::conjugate, "conjugate", "complete conditionals in exponential families"},
    {Ability::reference, "reference", "known answers to compare with"},
    {Ability::discrete, "discrete", "the density lives on {0, 1}^D"},
    {Ability::prior_predictive, "prior_predictive", "data generated from its own prior"},
    {Ability::reparameterized, "reparameterized", "gradients through the draws"},
    {Ability::log_prob, "log_prob", "a cheap log density of q at any point"},
    {Ability::closed_entropy, "closed_entropy", "the entropy in closed form"},
    {Ability::gaussian_form, "gaussian_form", "q is Gaussian, with known mean and covariance"},
    {Ability::closed_kl, "closed_kl", "the KL divergence to its own kind in closed form"},
    {Ability::natural_gradient, "natural_gradient", "steps along the natural gradient"},
    {Ability::conditional, "conditional", "q depends on a context, e.g. on the data item"},
    {Ability::discrete_draws, "discrete_draws", "draws in {0, 1}^D"},
    {Ability::transport, "transport", "an invertible map of D standard normal numbers to draws"},
    {Ability::diagonal_gaussian, "diagonal_gaussian",
     "given the context q is Gaussian with independent coordinates"},
    {Ability::unbiased_gradient, "unbiased_gradient",
     "gradient estimates whose mean is the objective's gradient"},
    {Ability::amortizes, "amortizes",
     "latent_items of a model do as well as a density and its gradient"},
};

}  // namespace

const PluginInfo* Catalog::find(Kind kind, const std::string& name) const {
  const auto found = std::find_if(plugins.begin(), plugins.end(), [&](const PluginInfo& plugin) {
    return plugin.kind == kind && plugin.name == name;
  });
  return found == plugins.end() ? nullptr : &*found;
}

const PluginRefusal* Catalog::refusal(Kind kind, const std::string& name) const {
  const auto found = std::find_if(
      refusals.begin(), refusals.end(),
      [&](const PluginRefusal& refused) { return refused.kind == kind && refused.name == name; });
  return found == refusals.end() ? nullptr : &*found;
}

const char* kind_name(Kind kind) { return kind_names.at(std::size_t(kind)).name; }
const char* kind_folder(Kind kind) { return kind_names.at(std::size_t(kind)).folder; }

std::optional<Kind> kind_from_name(const std::string& name) {
  for (Kind kind : all_kinds)
    if (name == kind_name(kind) || name == kind_folder(kind)) return kind;
  return {};
}

std::vector<AbilityText> describe_abilities(Ability abilities) {
  std::vector<AbilityText> described;
  for (const AbilityText& text : ability_texts)
    if (includes(abilities, text.ability)) described.push_back(text);
  return described;
}

std::string ability_names(Ability abilities) {
  std::string names;
  for (const AbilityText& text : describe_abilities(abilities))
    names += (names.empty() ? "" : ", ") + std::string(text.name);
  return names;
}

}  // namespace elbow
