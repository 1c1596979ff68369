#pragma once

#include <elbow/model.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cell/item_posterior.hpp"
#include "cell/trained_cell.hpp"
#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// What the host's own options of a model have made of it.
struct PlannedModel {
  std::unique_ptr<Model> model;
  const ItemPosterior* posterior = nullptr;  ///< part of `model` where `posterior_of` asks for it
  std::optional<TrainedCell> trained;        ///< whose parameters it has; a family may too
  std::string note;                          ///< what a reference has not, or has besides
};

/// Gives a model its trained parameters, puts the posterior of its chosen items in its place, and
/// its reference beside it, as its settings say.
/// @param catalog         has the model's plugin
/// @param with_reference  false in a calibration
/// @param stream          the noise of the chosen items' data
/// @throws SettingError
PlannedModel as_planned(std::unique_ptr<Model> model, const ModelVariant& variant,
                        const Catalog& catalog, bool with_reference, RandomStream stream);

/// The same while planning, for what may be wrong. @return a note; may be empty
std::string check_planned_model(const ModelVariant& variant, const Catalog& catalog,
                                std::unique_ptr<Model>& model);

}  // namespace elbow
