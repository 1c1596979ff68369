#pragma once

#include <elbow/model.hpp>
#include <memory>
#include <string>

#include "plan/plan.hpp"

namespace elbow {

/// A model with the draws of its reference, and what is on one side only.
struct ReferencedDraws {
  std::unique_ptr<Model> model;
  std::string note;  ///< may be empty
};

/// A model whose reference is the draws that an experiment names for it.
/// @param settings  ModelVariant::settings, with a reference
/// @throws Error naming the file and what is wrong with it, or what does not fit the model's
/// variables. A variable that the file lacks is an error unless the model knows its moments anyway
/// or `reference_partial` says that variables may be missing.
ReferencedDraws with_planned_reference(std::unique_ptr<Model> model, const Json& settings);

}  // namespace elbow
