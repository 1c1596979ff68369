#pragma once

#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// What a model offers with its options as resolved.
struct ModelOffer {
  std::string plugin;
  Ability provides = Ability::none;
  /// The posterior of chosen items: a conditional family is the encoder at these items.
  bool chosen_items = false;
};

/// What a method's parts need, with their options as resolved.
struct MethodNeeds {
  /// One plugin that asks the model for something.
  struct Asker {
    std::string who;  ///< `estimator "score_function"`
    Ability needs = Ability::none;
  };

  std::vector<Asker> askers;
  Ability needs = Ability::none;  ///< of all askers together
  std::string alone;              ///< why the method cannot work with any model, or ""
  bool follows_density = false;   ///< some part works on the model's density itself
  bool discrete_draws = false;    ///< the family draws from {0, 1}^D
  bool takes_discrete = false;    ///< the sampler declares that it needs a discrete model
  bool has_batches = false;
  bool amortizes = false;       ///< latent items do as well as a density
  bool conditional = false;     ///< the family depends on a context
  std::string family, sampler;  ///< plugin names, for texts
};

ModelOffer offer_of(const ModelVariant& model, const Catalog& catalog);
MethodNeeds needs_of(const MethodVariant& method, const Catalog& catalog);
/// Adds what a calibration asks of the model and of the method's number of draws.
/// @param draws  L, among which ranks are taken
void add_needs_of_calibration(std::int64_t draws, const MethodVariant& method,
                              const Catalog& catalog, MethodNeeds& needs);

/// Why a model and a method cannot work together; empty when nothing speaks against it.
std::string why_impossible(const ModelOffer& model, const MethodNeeds& method,
                           const Catalog& catalog);

}  // namespace elbow
