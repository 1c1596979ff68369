#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"
#include "run/found_snapshots.hpp"
#include "run/result_folder.hpp"
#include "run/resume.hpp"
#include "run/scheduler.hpp"

namespace elbow {

/// The cells of a plan as `run_cells` does them: with `run_cell` and `write_failed_cell`. All
/// references must outlive the work.
CellWork work_of(const Plan& plan, const Catalog& catalog, const PluginDigests& digests,
                 const Json& provenance);

/// A run of an experiment into its result folder, from the lock on the folder to its index.
class ExperimentRun {
 public:
  /// Locks the folder, clears away what killed runs have left, stores plan.json, and finds out
  /// which of the cells are to be run. All references must outlive the run.
  /// @param catalog  with digests
  /// @param cells    of the plan, in the order in which they start
  /// @throws Error when another run has the folder, or the folder cannot be written
  ExperimentRun(const Plan& plan, const Catalog& catalog, const std::filesystem::path& folder,
                const std::vector<const Cell*>& cells);

  const Inventory& inventory() const { return inventory_; }
  /// Files of cells that killed processes had not completed.
  std::size_t leftovers() const { return leftovers_; }
  /// What interrupted fits of the cells to be run have left.
  const std::vector<FoundSnapshot>& snapshots() const { return snapshots_; }

  /// Runs what is to be run, and brings the index up to date.
  ScheduleResult run(const ScheduleSettings& settings,
                     const std::function<void(const ScheduleState&)>& report);

 private:
  const Plan& plan_;
  const Catalog& catalog_;
  std::filesystem::path folder_;
  FolderLock lock_;
  std::size_t leftovers_;
  PluginDigests digests_;
  Json provenance_;
  Inventory inventory_;
  std::vector<FoundSnapshot> snapshots_;
};

}  // namespace elbow
