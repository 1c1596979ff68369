#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "record/outcome.hpp"

namespace elbow {

/// What is done for a cell. Both run in a process of their own, never in the scheduler's.
struct CellWork {
  /// Runs the cell and stores `file`. @return the outcome that it stored
  std::function<Outcome(const Cell&, const std::filesystem::path& file)> run;
  /// Stores `file` for a cell whose process could not do it itself.
  std::function<void(const Cell&, const std::filesystem::path& file, const Outcome&,
                     double seconds)>
      record_failure;
};

struct ScheduleSettings {
  std::size_t workers = 1;
  Limits limits;
  double grace_seconds = 2;  ///< between SIGTERM at the wall limit and SIGKILL
  bool fail_fast = false;    ///< at the first failure, kill what runs and start nothing more
};

/// How far the scheduler is.
struct ScheduleState {
  std::size_t total = 0, done = 0, failed = 0;  ///< `done` includes `failed`
  std::size_t running = 0;                      ///< without those that only wait for the disk
};

/// A cell that has ended.
struct FinishedCell {
  const Cell* cell;
  Outcome outcome;
  double seconds;
};

struct ScheduleResult {
  std::vector<FinishedCell> finished;  ///< in the order of their ends
  int interrupted_by = 0;              ///< SIGINT, SIGTERM or SIGHUP; 0 when none came
  std::string error;  ///< why a run had to end early: results that could not be stored; else empty
};

/// Processors that this process may use.
std::size_t available_processors();

/// Runs the cells in the order given, each in a process of its own, and stores
/// `folder`/cells/ab/<hash>.h5 of each. At most `settings.workers` compute at a time; up to four
/// times as many may wait for the disk beside them, see `announce_storing`. A cell that fails
/// leaves what it printed in `folder`/failures/<hash>.log, and the others go on. Processors that no
/// cell needs are lent to cells that run chains. On SIGINT, SIGTERM or SIGHUP what computes is
/// killed and left undone; what only waits for the disk gets there, unless the signal comes again.
/// A cell is complete or absent at every moment. To be called from the only thread of a process
/// that has mapped no plugin.
/// @param report  called when something has changed, and a few times per second
/// @throws Error when the folder cannot be made
ScheduleResult run_cells(const std::vector<const Cell*>& cells, const std::filesystem::path& folder,
                         const CellWork& work, const ScheduleSettings& settings,
                         const std::function<void(const ScheduleState&)>& report);

}  // namespace elbow
