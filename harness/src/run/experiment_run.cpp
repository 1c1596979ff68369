#include "run/experiment_run.hpp"

#include <malloc.h>

#include "cell/run_cell.hpp"
#include "plan/plan_file.hpp"
#include "record/warm_up.hpp"
#include "run/worker.hpp"

namespace elbow {

namespace fs = std::filesystem;

namespace {

/// Freed blocks of this many bytes or more go back to the system at once. By default glibc keeps
/// ever larger ones, so that what was needed once, to read data or to evaluate, stays in the way.
/// No step of a method allocates, so that this costs no time.
void give_back_large_blocks() {
#ifdef M_MMAP_THRESHOLD
  ::mallopt(M_MMAP_THRESHOLD, 1 << 19);
#endif
}

}  // namespace

CellWork work_of(const Plan& plan, const Catalog& catalog, const PluginDigests& digests,
                 const Json& provenance) {
  const auto context = [&plan, &catalog, &digests, &provenance](const Cell& cell) {
    Json of_cell = provenance;
    of_cell["plugins"] = digests.of(cell);
    return CellContext{
        plan,
        catalog,
        std::move(of_cell),
        stop_requested(),
        announce_storing,
        announce_stopped,
        {[](Index most) { return Index(take_processors(int(most))); }, give_back_processors}};
  };
  return {
      [context, &digests](const Cell& cell, const fs::path& file) {
        digests.require_unchanged(cell);
        give_back_large_blocks();
        return run_cell(context(cell), cell, file);
      },
      [context](const Cell& cell, const fs::path& file, const Outcome& outcome, double seconds) {
        write_failed_cell(context(cell), cell, file, outcome, seconds);
      }};
}

ExperimentRun::ExperimentRun(const Plan& plan, const Catalog& catalog, const fs::path& folder,
                             const std::vector<const Cell*>& cells)
    : plan_(plan),
      catalog_(catalog),
      folder_(folder),
      lock_(folder),
      leftovers_(remove_leftovers(folder)),
      digests_(plan, catalog),
      provenance_(run_provenance()) {
  write_plan(plan, provenance_, folder / "plan.json");
  inventory_ = take_inventory(cells, read_index(folder), digests_);
  snapshots_ =
      find_snapshots(folder, inventory_.to_run, inventory_.complete, digests_, provenance_);
}

ScheduleResult ExperimentRun::run(const ScheduleSettings& settings,
                                  const std::function<void(const ScheduleState&)>& report) {
  if (inventory_.to_run.size() > 1) warm_up_recording(folder_);
  ScheduleResult result =
      run_cells(inventory_.to_run, folder_, work_of(plan_, catalog_, digests_, provenance_),
                settings, report);
  // Where results could not be stored, neither can their index; it is made when it is next read.
  if (result.error.empty() && !result.finished.empty()) read_index(folder_);
  return result;
}

}  // namespace elbow
