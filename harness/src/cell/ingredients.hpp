#pragma once

#include <elbow/plugin.hpp>
#include <memory>

#include "cell/counted_model.hpp"
#include "cell/item_posterior.hpp"
#include "cell/settings.hpp"
#include "plan/plan.hpp"
#include "plan/refusal_text.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// The objects of one cell, made by its plugins, and its streams. Members are destroyed in reverse
/// order: what refers comes after what is referred to.
class Ingredients {
 public:
  /// Maps the plugins and constructs model, family, estimator and optimizer.
  /// @throws Error naming the plugin; Unsupported when construction finds the pair impossible.
  Ingredients(const Plan& plan, const Catalog& catalog, const Cell& cell);

  /// The stream of one purpose of this cell's replicate.
  RandomStream stream(std::string_view purpose) const { return {seed_, replicate_, purpose}; }
  struct OwnedParameters {
    Parameters* parameters;
    const char* prefix;  ///< of its blocks' names in the group vi_parameters
  };
  /// All that a fit may move, each once: of the model, of the family, of the estimator.
  std::vector<OwnedParameters> parameters() const;
  /// Whether the sampler moves one population rather than independent chains.
  bool population() const;
  /// Constructs the method's sampler on a target. @param fitted  null without a fit
  std::unique_ptr<Sampler> make_sampler(Model& target, Family* fitted, Index chains) const;

  const ModelVariant& model_variant;
  const MethodVariant& method_variant;
  const MethodSettings settings;
  const EvaluationSettings evaluation;

  std::unique_ptr<Model> model;              ///< for evaluation: not counted
  const ItemPosterior* posterior = nullptr;  ///< part of `model` where it is one
  std::unique_ptr<CountedModel> counted;     ///< for the method
  std::unique_ptr<Family> family;
  std::unique_ptr<Estimator> estimator;
  std::unique_ptr<Optimizer> optimizer;

 private:
  std::uint64_t seed_;
  std::uint64_t replicate_;
  const Catalog& catalog_;
};

/// Runs `work` on behalf of a plugin: what it throws is prefixed by the plugin's kind and name, and
/// the files of options that it speaks of are named.
template <class Work>
decltype(auto) on_behalf_of(const PlannedPlugin& plugin, Work&& work) {
  const auto prefix = [&] {
    return std::string(kind_name(plugin.kind)) + " \"" + plugin.name + "\": ";
  };
  try {
    return work();
  } catch (const Unsupported& error) {
    throw Unsupported(prefix() + error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(prefix() + with_files(error.what(), plugin));
  }
}

}  // namespace elbow
