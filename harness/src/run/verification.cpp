#include "run/verification.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <elbow/error.hpp>
#include <unordered_map>

#include "record/cell_summary.hpp"
#include "record/first_difference.hpp"
#include "run/experiment_run.hpp"
#include "run/provenance.hpp"
#include "run/result_folder.hpp"

namespace elbow {

namespace fs = std::filesystem;

namespace {

/// A folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "elbow-verify-XXXXXX").string();
    if (!mkdtemp(name.data()))
      throw Error(name + ": cannot make this folder: " + std::strerror(errno));
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool has_time_budget(const MethodVariant& method) {
  const auto stop = method.settings.find("stop");
  if (stop == method.settings.end() || !stop->is_object()) return false;
  const auto seconds = stop->find("seconds");
  return seconds != stop->end() && seconds->is_number() && *seconds > 0;
}

}  // namespace

Repeatable repeatable_cells(const Plan& plan, const fs::path& folder,
                            const std::vector<const Cell*>& cells) {
  std::unordered_map<std::string, Ending> endings;
  for (const CellSummary& summary : read_index(folder))
    endings.emplace(summary.hash, summary.outcome.ending);
  Repeatable repeatable;
  for (const Cell* cell : cells) {
    const auto ending = endings.find(cell->hash);
    if (ending == endings.end())
      ++repeatable.missing;
    else if (is_failure(ending->second))
      ++repeatable.failed;
    else if (has_time_budget(plan.methods[cell->method]))
      ++repeatable.timed;
    else
      repeatable.cells.push_back(cell);
  }
  return repeatable;
}

VerificationResult verify_cells(const Plan& plan, const Catalog& catalog, const fs::path& folder,
                                const std::vector<const Cell*>& cells,
                                const ScheduleSettings& settings,
                                const std::function<void(const ScheduleState&)>& report) {
  const PluginDigests digests(plan, catalog);
  const Json provenance = run_provenance();
  const TemporaryFolder again;
  const ScheduleResult runs =
      run_cells(cells, again.path(), work_of(plan, catalog, digests, provenance), settings, report);
  VerificationResult result;
  result.interrupted_by = runs.interrupted_by;
  result.error = runs.error;
  for (const FinishedCell& finished : runs.finished) {
    ++result.compared;
    const Cell& cell = *finished.cell;
    const fs::path file = folder / cell_path(cell.hash);
    const auto difference = is_failure(finished.outcome.ending)
                                ? std::string(ending_name(finished.outcome.ending)) +
                                      " when run again: " + finished.outcome.reason
                                : first_difference(file, again.path() / cell_path(cell.hash));
    if (difference)
      result.deviations.push_back(
          {&cell, *difference, !digests.match(cell, read_summary(file).provenance)});
  }
  return result;
}

}  // namespace elbow
