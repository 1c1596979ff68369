#include "cell/ingredients.hpp"

#include "cell/bound_family.hpp"
#include "cell/draw_groups.hpp"
#include "cell/planned_model.hpp"
#include "cell/plugin_options.hpp"
#include "cell/trained_cell.hpp"
#include "plan/compatibility.hpp"
#include "plugins/loader.hpp"
#include "plugins/shapes.hpp"

namespace elbow {
namespace {

/// The dimension of what a family is a distribution over.
Index latent_dimension(Model& model) {
  if (Density* density = model.density()) return density->dimension();
  if (LatentItems* items = model.latent_items()) return items->latent_dimension();
  if (Simulator* simulator = model.simulator()) return simulator->parameter_dimension();
  throw Unsupported("the model has nothing that a family could approximate");
}

}  // namespace

Ingredients::Ingredients(const Plan& plan, const Catalog& catalog, const Cell& cell)
    : model_variant(plan.models[cell.model]),
      method_variant(plan.methods[cell.method]),
      settings(method_variant.settings),
      evaluation(plan.evaluation),
      seed_(plan.seed),
      replicate_(cell.replicate),
      catalog_(catalog) {
  const auto make = [&](const PlannedPlugin& planned, auto&& construct) {
    return on_behalf_of(planned, [&] {
      const PluginInfo& info = *catalog.find(planned.kind, planned.name);
      const Options options = plugin_options(planned, info);
      return construct(map_scanned_plugin(info.file, planned.kind, planned.name), options);
    });
  };

  model = make(model_variant.plugin, [&](const Descriptor& plugin, const Options& options) {
    auto made = plugin.make_model({options, stream("data"), evaluation.calibration_draws > 0});
    check_model(*made, plugin.provides);
    return made;
  });
  // In a calibration every replicate has another posterior than the reference is of.
  PlannedModel planned = as_planned(std::move(model), model_variant, catalog,
                                    !is_calibration(plan.evaluation), stream("posterior_of"));
  model = std::move(planned.model);
  posterior = planned.posterior;
  counted = std::make_unique<CountedModel>(*model);

  if (method_variant.family) {
    bool encodes_chosen_items = false;
    family = make(*method_variant.family, [&](const Descriptor& plugin, const Options& options) {
      encodes_chosen_items = posterior && includes(plugin.provides, Ability::conditional);
      const LatentItems* const items =
          encodes_chosen_items ? &posterior->latents() : model->latent_items();
      const Index dimension =
          encodes_chosen_items ? items->latent_dimension() : latent_dimension(*model);
      const Index context = items ? items->feature_dimension() : 0;
      const bool is_trained = planned.trained && (!posterior || encodes_chosen_items) &&
                              planned.trained->has_family(*method_variant.family);
      const TrainedCell* const trained = is_trained ? &*planned.trained : nullptr;
      const FamilySetup setup{options, dimension, context,
                              trained ? trained->stream("family") : stream("family"),
                              items ? items->second_dimension() : 0};
      auto made = plugin.make_family(setup);
      check_family(*made, dimension, plugin.provides);
      if (trained) trained->load(*method_variant.family, catalog, setup, *made);
      return made;
    });
    if (encodes_chosen_items)
      family = std::make_unique<BoundFamily>(std::move(family), posterior->features());
  }
  if (method_variant.estimator)
    estimator =
        make(*method_variant.estimator, [&](const Descriptor& plugin, const Options& options) {
          auto made = plugin.make_estimator({options, *counted, family.get(), stream("estimator")});
          check_fields(made->trace_fields(), "trace fields");
          return made;
        });
  if (method_variant.optimizer)
    optimizer =
        make(*method_variant.optimizer, [&](const Descriptor& plugin, const Options& options) {
          return plugin.make_optimizer({options, estimator->trained(), settings.iterations,
                                        settings.stops_when_stationary()});
        });
}

std::vector<Ingredients::OwnedParameters> Ingredients::parameters() const {
  std::vector<OwnedParameters> all;
  const auto add = [&](Parameters* parameters, const char* prefix) {
    for (const OwnedParameters& known : all)
      if (known.parameters == parameters) return;
    all.push_back({parameters, prefix});
  };
  if (Parameters* theta = trainable_parameters(*model)) add(theta, model_prefix);
  if (family) add(&family->parameters(), "");
  if (estimator)
    for (Parameters* trained : estimator->trained()) add(trained, "");
  return all;
}

bool Ingredients::population() const {
  return catalog_.find(Kind::sampler, method_variant.sampler->name)->population;
}

std::unique_ptr<Sampler> Ingredients::make_sampler(Model& target, Family* fitted,
                                                   Index chains) const {
  const PlannedPlugin& planned = *method_variant.sampler;
  return on_behalf_of(planned, [&] {
    const PluginInfo& info = *catalog_.find(planned.kind, planned.name);
    // What has no density itself is followed by its estimator's surrogate, which has a gradient.
    const Ability offered = offer_of(model_variant, catalog_).provides;
    const Ability abilities =
        includes(offered, Ability::density) ? offered : Ability::density | Ability::gradient;
    auto made = map_scanned_plugin(info.file, planned.kind, planned.name)
                    .make_sampler({plugin_options(planned, info), target, chains, settings.warmup,
                                   settings.draws * settings.thin, fitted, abilities});
    check_fields(made->statistics(), "statistics");
    return made;
  });
}

}  // namespace elbow
