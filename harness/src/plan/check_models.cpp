#include "plan/check_models.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "config/problems.hpp"
#include "plan/cell_hash.hpp"
#include "plan/model_trial.hpp"
#include "plan/refusal_text.hpp"
#include "plan/resolve.hpp"
#include "plan/variants.hpp"

namespace elbow {
namespace {

constexpr double most_models_tried = 10'000;

/// An option that the file gives, with the place of the value that a model has.
struct GivenOption {
  const Setting* setting;
  Place place;
};

/// Where a model of the plan comes from.
struct ModelOrigin {
  const Block* block;
  std::vector<GivenOption> options;
  std::vector<GivenOption> settings;  ///< the host's own
};

/// Equal for models that are made from the same and have the same reference.
std::string text_of(const ModelVariant& model) {
  return model.plugin.name + " " + canonical_text(model.plugin.options) +
         canonical_text(model.settings);
}

std::unordered_set<std::string> used_models(const Plan& plan) {
  std::vector<bool> is_used(plan.models.size());
  for (const Cell& cell : plan.cells) is_used[cell.model] = true;
  std::unordered_set<std::string> used;
  for (std::size_t i = 0; i < is_used.size(); ++i)
    if (is_used[i]) used.insert(text_of(plan.models[i]));
  return used;
}

/// The models to be made, each once, with all their origins.
struct ModelList {
  std::vector<ModelVariant> models;
  std::vector<std::vector<ModelOrigin>> origins;

  void add(std::string text, ModelVariant model, ModelOrigin origin) {
    const auto [found, is_new] = by_text.try_emplace(std::move(text), models.size());
    if (is_new) {
      models.push_back(std::move(model));
      origins.emplace_back();
    }
    origins[found->second].push_back(std::move(origin));
  }

  std::unordered_map<std::string, std::size_t> by_text;
};

ModelOrigin origin_of(const Block& block, const Selection& selection) {
  ModelOrigin origin{&block, {}, {}};
  const auto given = [&](const Setting& setting) -> GivenOption {
    const auto chosen =
        std::find_if(selection.values.begin(), selection.values.end(),
                     [&](const Selection::Chosen& value) { return value.setting == &setting; });
    const std::size_t value = chosen == selection.values.end() ? 0 : chosen->value;
    return {&setting, setting.places[value]};
  };
  for (const Setting& setting : block.slots[0].choices[selection.choices[0]].settings)
    origin.options.push_back(given(setting));
  for (const Setting& setting : block.settings) origin.settings.push_back(given(setting));
  return origin;
}

ModelList list_models(const Experiment& experiment, const Plan& plan, const Catalog& catalog) {
  const std::unordered_set<std::string> used = used_models(plan);
  ModelList list;
  for (const Grid& grid : experiment.grids)
    for (const Block& block : grid.models) {
      if (count_variants(block) > most_models_tried) continue;
      const BlockResolver resolver(block, catalog);
      for_each_variant(block, [&](const Selection& selection) {
        ModelVariant model = resolver.model(selection);
        std::string text = text_of(model);
        if (used.contains(text))
          list.add(std::move(text), std::move(model), origin_of(block, selection));
      });
    }
  return list;
}

std::string owner_text(const ModelVariant& model) {
  return "model \"" + model.plugin.name + "\": ";
}

/// Whether that is one of the host's own options of a model, not one of the plugin's.
bool is_setting(const std::string& name) {
  return name == "reference" || name == "trained" || name == "posterior_of";
}

/// A refusal is reported at the option that it names first.
void report_refusal(const ModelTrial& trial, const ModelVariant& model, const ModelOrigin& origin,
                    Problems& problems) {
  Place place = origin.block->place;
  if (is_setting(trial.table)) {
    for (const GivenOption& setting : origin.settings) {
      const std::string& name = setting.setting->name;
      const bool is_meant = name == trial.table || name == trial.table + ".items";
      // posteriordb may have given the reference.
      const bool is_source = name == "posteriordb" && trial.table == "reference";
      if (is_meant || (is_source && place == origin.block->place)) place = setting.place;
    }
    return problems.add(place, owner_text(model) + trial.table + ": " + trial.refusal);
  }
  std::size_t first = std::string::npos;
  for (const GivenOption& option : origin.options) {
    const std::string& name = option.setting->name;
    const std::size_t at = trial.table == name ? 0 : find_word(trial.refusal, name);
    if (at < first || trial.table == name) {
      first = at;
      place = option.place;
    }
    if (trial.table == name) break;
  }
  problems.add(place,
               owner_text(model) + (trial.table.empty() ? "" : trial.table + ": ") + trial.refusal);
}

/// Options that the file gives, and whether a model asks for them. An option without effect in some
/// cells of a grid may have one in others.
class OptionUse {
 public:
  explicit OptionUse(const Catalog& catalog) : catalog_(catalog) {}

  void note(const ModelTrial& trial, const ModelVariant& model, const ModelOrigin& origin) {
    for (const GivenOption& option : origin.options) {
      const Setting& setting = *option.setting;
      if (setting.axis.follows) continue;
      const Place& place = setting.axis.kind == AxisKind::fixed ? option.place : setting.axis.place;
      Use& use = uses_
                     .try_emplace({place.set_number, place.line, place.column, setting.name},
                                  Use{place, &model, &setting, false})
                     .first->second;
      use.has_effect |= trial.result != ModelTrial::Result::made || trial.keeps_options ||
                        trial.reads.contains(setting.name);
    }
  }

  void report(Problems& problems) const {
    for (const auto& [key, use] : uses_)
      if (!use.has_effect) report(use, problems);
  }

 private:
  struct Use {
    Place place;
    const ModelVariant* model;
    const Setting* setting;
    bool has_effect;
  };

  void report(const Use& use, Problems& problems) const {
    const std::string& name = use.setting->name;
    const std::vector<Option>& options =
        catalog_.find(Kind::model, use.model->plugin.name)->options;
    const auto option = std::find_if(options.begin(), options.end(),
                                     [&](const Option& o) { return o.name == name; });
    problems.add(use.place, owner_text(*use.model) + name +
                                " has no effect together with the other options; leave it out (" +
                                name + ": " + option->help + ")");
  }

  const Catalog& catalog_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::string>, Use> uses_;
};

/// Moves the cells that ask for more data items than their model has to the impossible pairs.
void drop_large_batches(const ModelList& list, const std::vector<ModelTrial>& trials, Plan& plan) {
  const auto batch_size = [&](std::uint32_t method) {
    return plan.methods[method].settings.value("batch_size", Index(0));
  };
  bool has_batches = false;
  for (std::uint32_t m = 0; m < plan.methods.size(); ++m) has_batches |= batch_size(m) > 0;
  if (!has_batches) return;
  std::vector<Index> items(plan.models.size());  // 0: none, or not known
  for (std::size_t i = 0; i < items.size(); ++i)
    if (const auto found = list.by_text.find(text_of(plan.models[i])); found != list.by_text.end())
      items[i] = trials[found->second].items;
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  std::erase_if(plan.cells, [&](const Cell& cell) {
    const Index batch = batch_size(cell.method), available = items[cell.model];
    if (available == 0 || batch <= available) return false;
    if (pairs.emplace(cell.model, cell.method).second)
      plan.impossible.push_back({cell.model, cell.method,
                                 "batch_size is " + std::to_string(batch) + ", but the model has " +
                                     std::to_string(available) + " data items"});
    return true;
  });
}

/// A model at every place of the file once, however many points of a grid it has.
std::vector<std::string> untried_models(const Experiment& experiment, const ModelList& list,
                                        const std::vector<ModelTrial>& trials) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].untried.empty()) continue;
    for (const ModelOrigin& origin : list.origins[i]) {
      const Place& place = origin.block->place;
      std::string line = experiment.file.string() + ":" + std::to_string(place.line) + ":" +
                         std::to_string(place.column) + ": note: " + owner_text(list.models[i]) +
                         trials[i].untried;
      if (std::find(lines.begin(), lines.end(), line) == lines.end())
        lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace

std::vector<std::string> check_models(const Experiment& experiment, Plan& plan,
                                      const Catalog& catalog, const DataLoader& load_data,
                                      const ModelCheck& check_model,
                                      std::chrono::milliseconds budget) {
  const ModelList list = list_models(experiment, plan, catalog);
  const std::vector<ModelTrial> trials =
      try_models(list.models, plan.seed, is_calibration(plan.evaluation), catalog, load_data,
                 check_model, std::uint64_t(plan.limits.memory_mb) << 20, budget);
  Problems problems(experiment.file.string(), experiment.overrides);
  OptionUse uses(catalog);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (!trials[i].note.empty())
      plan.notes.push_back("model \"" + list.origins[i].front().block->name +
                           "\": " + trials[i].note);
    for (const ModelOrigin& origin : list.origins[i]) {
      uses.note(trials[i], list.models[i], origin);
      if (trials[i].result == ModelTrial::Result::refused)
        report_refusal(trials[i], list.models[i], origin, problems);
    }
  }
  uses.report(problems);
  problems.throw_if_any();
  drop_large_batches(list, trials, plan);
  return untried_models(experiment, list, trials);
}

}  // namespace elbow
