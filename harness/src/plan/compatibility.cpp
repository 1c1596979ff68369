#include "plan/compatibility.hpp"

#include <algorithm>

namespace elbow {
namespace {

/// Abilities and needs of a plugin, those of its options' values included.
struct Effective {
  Ability provides, needs_of_model, needs_of_family;
};

Effective effective(const PlannedPlugin& planned, const PluginInfo& info) {
  Effective result{info.provides, info.needs_of_model, info.needs_of_family};
  for (const Option& option : info.options) {
    if (option.conditions.empty()) continue;
    const auto value = planned.options.find(option.name);
    if (value == planned.options.end()) continue;
    const std::string text = value->is_string() ? value->get<std::string>() : value->dump();
    for (const Condition& condition : option.conditions) {
      if (condition.value != text) continue;
      result.provides = result.provides | condition.provides;
      result.needs_of_model = result.needs_of_model | condition.needs_of_model;
      result.needs_of_family = result.needs_of_family | condition.needs_of_family;
    }
  }
  return result;
}

std::string quoted(Kind kind, const std::string& name) {
  return std::string(kind_name(kind)).append(" \"").append(name).append("\"");
}

/// `; it is provided by the families a, b`
std::string offered_by(Kind kind, Ability abilities, const Catalog& catalog) {
  std::string text;
  for (const PluginInfo& plugin : catalog.plugins) {
    Ability offered = plugin.provides;
    for (const Option& option : plugin.options)
      for (const Condition& condition : option.conditions) offered = offered | condition.provides;
    if (plugin.kind != kind || !includes(offered, abilities)) continue;
    text.append(text.empty() ? std::string("; offered by the ") + kind_folder(kind) + " " : ", ");
    text.append(plugin.name);
  }
  return text;
}

std::string names_or_nothing(Ability abilities) {
  const std::string names = ability_names(abilities);
  return names.empty() ? "nothing" : names;
}

/// What a method asks of its fit with the option `fit` that it or its sampler has not; empty: none.
std::string why_fit_is_of_no_use(const MethodVariant& method, Ability family_offer,
                                 const Catalog& catalog) {
  const std::string fit = method.settings.value("fit", std::string());
  const bool population = catalog.find(Kind::sampler, method.sampler->name)->population;
  const std::string who = quoted(Kind::sampler, method.sampler->name);
  const std::string asked = "fit = \"" + fit + "\"";
  if (fit == "start" && population)
    return asked + " is for chains, but " + who +
           " moves a population, which takes its particles from its base; there are base, metric "
           "and transport";
  if (fit == "base" && !population)
    return asked + " is for populations, but " + who +
           " moves chains; there are start, metric and transport";
  constexpr Ability maps = Ability::transport;
  if (fit == "transport" && method.family && !includes(family_offer, maps) &&
      !includes(family_offer, Ability::gaussian_form))
    return asked + " needs " + ability_names(maps) + " of the family, but family \"" +
           method.family->name + "\" offers " + names_or_nothing(family_offer) +
           offered_by(Kind::family, maps, catalog);
  return "";
}

/// Whether the method works on the model's items and their latents.
bool works_on_items(const ModelOffer& model, const MethodNeeds& method) {
  return includes(model.provides, Ability::latent_items) &&
         (includes(method.needs, Ability::latent_items) ||
          (method.amortizes && !includes(model.provides, Ability::density)));
}

/// Items with latents of their own and families with context need each other.
std::string why_context_is_amiss(const ModelOffer& model, const MethodNeeds& method,
                                 const Catalog& catalog) {
  if (method.family.empty()) return "";
  if (works_on_items(model, method) && !method.conditional)
    return "model \"" + model.plugin +
           "\" has data items with latents of their own and needs a family that is conditional, "
           "which family \"" +
           method.family + "\" is not" + offered_by(Kind::family, Ability::conditional, catalog);
  constexpr Ability contexts[] = {Ability::latent_items, Ability::simulator};
  const bool has_context =
      model.chosen_items ||
      std::any_of(std::begin(contexts), std::end(contexts),
                  [&](Ability ability) { return includes(model.provides, ability); });
  if (method.conditional && !has_context)
    return "family \"" + method.family +
           "\" is conditional and needs latent_items of the model, but model \"" + model.plugin +
           "\" offers " + names_or_nothing(model.provides) +
           offered_by(Kind::model, Ability::latent_items, catalog);
  return "";
}

bool is_discrete(const ModelOffer& model) { return includes(model.provides, Ability::discrete); }

}  // namespace

ModelOffer offer_of(const ModelVariant& model, const Catalog& catalog) {
  const std::string& name = model.plugin.name;
  // The host makes a density of the posterior of chosen items, and nothing else is left.
  if (model.settings.contains("posterior_of"))
    return {name, Ability::density | Ability::gradient, true};
  return {name, effective(model.plugin, *catalog.find(Kind::model, name)).provides, false};
}

MethodNeeds needs_of(const MethodVariant& method, const Catalog& catalog) {
  MethodNeeds result;
  const auto ask = [&](const PlannedPlugin& plugin, Ability needs) {
    result.askers.push_back({quoted(plugin.kind, plugin.name), needs});
    result.needs = result.needs | needs;
  };
  const auto ask_family = [&](const PlannedPlugin& plugin, Ability needs, Ability offered) {
    if (includes(offered, needs) || !result.alone.empty()) return;
    const Ability missing = needs & ~offered;
    const std::string who = quoted(plugin.kind, plugin.name);
    if (!method.family)
      result.alone =
          who + " needs a family with " + ability_names(missing) + ", but the method has no family";
    else
      result.alone = who + " needs " + ability_names(missing) + " of the family, but family \"" +
                     method.family->name + "\" offers " + names_or_nothing(offered) +
                     offered_by(Kind::family, needs, catalog);
  };

  Ability family_offer = Ability::none;
  if (method.family) {
    const auto family = effective(*method.family, *catalog.find(Kind::family, method.family->name));
    family_offer = family.provides;
    result.family = method.family->name;
    result.discrete_draws = includes(family.provides, Ability::discrete_draws);
    result.conditional = includes(family.provides, Ability::conditional);
    ask(*method.family, family.needs_of_model);
  }
  if (method.estimator) {
    const auto estimator =
        effective(*method.estimator, *catalog.find(Kind::estimator, method.estimator->name));
    ask(*method.estimator, estimator.needs_of_model);
    result.amortizes = includes(estimator.provides, Ability::amortizes) && !method.sampler;
    ask_family(*method.estimator, estimator.needs_of_family, family_offer);
  }
  // An estimator that does not work on the density ends with a surrogate, which is then what the
  // sampler draws from: nothing can be said about that before it is learnt.
  result.follows_density = !method.estimator || includes(result.needs, Ability::density);
  if (method.sampler) {
    const auto sampler =
        effective(*method.sampler, *catalog.find(Kind::sampler, method.sampler->name));
    result.sampler = method.sampler->name;
    result.takes_discrete = includes(sampler.needs_of_model, Ability::discrete);
    if (result.follows_density) ask(*method.sampler, sampler.needs_of_model);
    ask_family(*method.sampler, sampler.needs_of_family, family_offer);
    if (method.estimator && result.alone.empty())
      result.alone = why_fit_is_of_no_use(method, family_offer, catalog);
  }
  result.has_batches = method.settings.contains("batch_size");
  return result;
}

void add_needs_of_calibration(std::int64_t draws, const MethodVariant& method,
                              const Catalog& catalog, MethodNeeds& needs) {
  needs.askers.push_back({"kind = \"calibration\"", Ability::prior_predictive});
  needs.needs = needs.needs | Ability::prior_predictive;
  if (!method.sampler || !needs.alone.empty() ||
      catalog.find(Kind::sampler, method.sampler->name)->population)
    return;
  const std::int64_t chains = method.settings.value("chains", std::int64_t(1));
  const std::int64_t available = chains * method.settings.value("draws", std::int64_t(0));
  if (available < draws)
    needs.alone = "calibration_draws is " + std::to_string(draws) +
                  ", but the method's chains have " + std::to_string(available) + " draws in all";
}

std::string why_impossible(const ModelOffer& model, const MethodNeeds& method,
                           const Catalog& catalog) {
  if (!method.alone.empty()) return method.alone;
  const bool on_items = works_on_items(model, method);
  const Ability offered = on_items && method.amortizes
                              ? model.provides | Ability::density | Ability::gradient
                              : model.provides;
  if (!includes(offered, method.needs)) {
    const auto asker =
        std::find_if(method.askers.begin(), method.askers.end(),
                     [&](const MethodNeeds::Asker& a) { return !includes(offered, a.needs); });
    return asker->who + " needs " + ability_names(asker->needs & ~model.provides) +
           " of the model, but model \"" + model.plugin + "\" offers " +
           names_or_nothing(model.provides) + offered_by(Kind::model, asker->needs, catalog);
  }
  if (is_discrete(model) && !method.family.empty() && !method.discrete_draws)
    return "model \"" + model.plugin +
           "\" is discrete and needs a family with discrete_draws, which family \"" +
           method.family + "\" has not" +
           offered_by(Kind::family, Ability::discrete_draws, catalog);
  if (!is_discrete(model) && method.discrete_draws)
    return "family \"" + method.family +
           "\" has discrete_draws and needs a model that is discrete, which model \"" +
           model.plugin + "\" is not" + offered_by(Kind::model, Ability::discrete, catalog);
  if (is_discrete(model) && method.follows_density && !method.sampler.empty() &&
      !method.takes_discrete)
    return "sampler \"" + method.sampler + "\" moves in continuous space, but model \"" +
           model.plugin + "\" is discrete";
  if (const std::string amiss = why_context_is_amiss(model, method, catalog); !amiss.empty())
    return amiss;
  // Items are also what amortised and conjugate models are made of.
  constexpr Ability item_abilities[] = {Ability::minibatch, Ability::conjugate};
  const bool has_items =
      on_items ||
      std::any_of(std::begin(item_abilities), std::end(item_abilities), [&](Ability ability) {
        return includes(model.provides, ability) &&
               (ability == Ability::minibatch || includes(method.needs, ability));
      });
  if (method.has_batches && !has_items)
    return "batch_size needs minibatch of the model, but model \"" + model.plugin + "\" offers " +
           names_or_nothing(model.provides) + offered_by(Kind::model, Ability::minibatch, catalog);
  return "";
}

}  // namespace elbow
