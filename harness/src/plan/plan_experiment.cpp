#include "plan/plan_experiment.hpp"

#include "config/named_plugins.hpp"
#include "config/read_experiment.hpp"
#include "plan/check_models.hpp"
#include "plan/compile_programs.hpp"
#include "plan/make_plan.hpp"

namespace elbow {

PlannedExperiment plan_experiment(const std::filesystem::path& file,
                                  const std::vector<std::string>& overrides,
                                  const std::vector<std::filesystem::path>& folders,
                                  const DataLoader& load_data, const ModelCheck& check_model,
                                  const TrainedCellFinder& find_trained,
                                  const ScanSettings& settings, const Tell& tell) {
  const std::string text = read_experiment_text(file);
  const DataFinder find_data = find_data_beside(file);
  const CellFinder find_cell = [&](const CellChoice& choice) { return find_trained(file, choice); };
  StanCompiler compiler = StanCompiler::from_environment(tell);
  Experiment experiment;
  const auto plan_with = [&](Catalog catalog) {
    experiment = read_experiment(file, text, overrides, catalog, find_data, find_cell);
    compile_programs(experiment, catalog, compiler);
    Plan plan = make_plan(experiment, catalog);
    return PlannedExperiment{std::move(plan), std::move(catalog)};
  };
  const auto plan = [&] {
    try {
      PlannedExperiment planned =
          plan_with(scan_plugins(folders, named_plugins(text, overrides), settings));
      if (planned.plan.impossible.empty()) return planned;
    } catch (const ExperimentError&) {
      // Said again below, with all plugins to choose suggestions from.
    }
    return plan_with(scan_plugins(folders, settings));
  };
  PlannedExperiment planned = plan();
  for (const std::string& untried :
       check_models(experiment, planned.plan, planned.catalog, load_data, check_model))
    if (tell) tell(untried);
  return planned;
}

}  // namespace elbow
