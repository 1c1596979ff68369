#include "cell/planned_model.hpp"

#include "cell/planned_reference.hpp"
#include "plan/options.hpp"

namespace elbow {
namespace {

/// What is wrong is put down to a setting.
template <class Work>
void on_behalf_of_setting(const char* setting, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    throw SettingError(setting, error.what());
  }
}

/// What the latents' prior is made of, where it is made of an encoder's posteriors.
void give_components(const std::optional<TrainedCell>& trained, Model& model) {
  MixturePrior* const mixture =
      model.latent_items() ? model.latent_items()->mixture_prior() : nullptr;
  if (!mixture) return;
  if (!trained)
    throw Error(
        "the model's prior is a mixture of its encoder's posteriors: `trained` must name a cell "
        "that has trained both");
  trained->load_components(*mixture);
}

}  // namespace

PlannedModel as_planned(std::unique_ptr<Model> model, const ModelVariant& variant,
                        const Catalog& catalog, bool with_reference, RandomStream stream) {
  const Json& settings = variant.settings;
  PlannedModel planned{std::move(model), nullptr, {}, ""};
  if (settings.contains("trained"))
    on_behalf_of_setting("trained", [&] {
      planned.trained.emplace(settings.at("trained")).load(variant.plugin, catalog, *planned.model);
    });
  if (settings.contains("posterior_of"))
    on_behalf_of_setting("posterior_of", [&] {
      give_components(planned.trained, *planned.model);
      auto posterior = std::make_unique<ItemPosterior>(std::move(planned.model), settings, stream);
      planned.posterior = posterior.get();
      planned.model = std::move(posterior);
    });
  if (with_reference && settings.contains("reference"))
    on_behalf_of_setting("reference", [&] {
      ReferencedDraws referenced = with_planned_reference(std::move(planned.model), settings);
      planned.model = std::move(referenced.model);
      planned.note = std::move(referenced.note);
    });
  return planned;
}

std::string check_planned_model(const ModelVariant& variant, const Catalog& catalog,
                                std::unique_ptr<Model>& model) {
  PlannedModel planned =
      as_planned(std::move(model), variant, catalog, true, RandomStream(0, 0, "check"));
  model = std::move(planned.model);
  return planned.note;
}

}  // namespace elbow
