#include "plugins/plugin_info.hpp"

#include <algorithm>
#include <array>
#include <utility>

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

constexpr std::pair<Ability, const char*> abilities_and_names[] = {
    {Ability::density, "density"},
    {Ability::gradient, "gradient"},
    {Ability::minibatch, "minibatch"},
    {Ability::latent_items, "latent_items"},
    {Ability::simulator, "simulator"},
    {Ability::energy, "energy"},
    {Ability::conjugate, "conjugate"},
    {Ability::reference, "reference"},
    {Ability::discrete, "discrete"},
    {Ability::reparameterized, "reparameterized"},
    {Ability::log_prob, "log_prob"},
    {Ability::closed_entropy, "closed_entropy"},
    {Ability::gaussian_form, "gaussian_form"},
    {Ability::closed_kl, "closed_kl"},
    {Ability::natural_gradient, "natural_gradient"},
    {Ability::conditional, "conditional"},
    {Ability::discrete_draws, "discrete_draws"},
    {Ability::unbiased_gradient, "unbiased_gradient"},
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

std::string ability_names(Ability abilities) {
  std::string names;
  for (const auto& [ability, name] : abilities_and_names) {
    if (!includes(abilities, ability)) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace elbow
