#include "cell/planned_reference.hpp"

#include "cell/referenced_model.hpp"
#include "record/draws_file.hpp"

namespace elbow {
namespace {

MatchedDraws planned_draws(const Json& settings, Model& model) {
  const std::string file = settings.at("reference").at("path");
  if (!model.density())
    throw Error("there is no density, whose variables the draws of " + file + " could be of");
  const bool partial = settings.value("reference_partial", false) ||
                       (model.reference() && model.reference()->moments());
  NamedDraws draws = read_draws(file);
  try {
    return match_draws(std::move(draws), model.density()->variables(), partial);
  } catch (const Error& error) {
    throw Error(file + ": " + error.what());
  }
}

}  // namespace

ReferencedDraws with_planned_reference(std::unique_ptr<Model> model, const Json& settings) {
  MatchedDraws draws = planned_draws(settings, *model);
  std::string note = draws.note;
  return {std::make_unique<ReferencedModel>(std::move(model), std::move(draws)), std::move(note)};
}

}  // namespace elbow
