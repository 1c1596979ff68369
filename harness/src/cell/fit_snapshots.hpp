#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "cell/ingredients.hpp"
#include "record/snapshot.hpp"

namespace elbow {

/// What made a cell: of its provenance, what the bits of its results depend on.
std::string build_of(const Json& provenance);

/// Where a cell's fit is kept while it runs, and how often.
struct SnapshotPlan {
  std::filesystem::path file;  ///< see snapshot_path
  std::string hash, build;
  double seconds = 0;  ///< from one snapshot to the next; 0: none
};

/// Keeps a running fit in a file, from which an interrupted one goes on. Taking snapshots takes at
/// most a fiftieth of the time, however long one takes.
class FitSnapshots {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param state  everything that the fit's loop carries from one iteration to the next, besides
  ///               the parameters and the plugins' own state
  FitSnapshots(const SnapshotPlan& plan, Ingredients& cell,
               std::function<void(StateArchive&)> state);

  /// Restores the fit from a snapshot that this very build has left of this very cell.
  void resume();

  /// Whether `take` is to be called after this iteration.
  bool due(Clock::time_point now) const { return now >= next_; }
  void take(Index iteration);

 private:
  void exchange(StateArchive& archive);

  const SnapshotPlan& plan_;
  Ingredients& cell_;
  std::function<void(StateArchive&)> state_;
  bool resumable_;
  Clock::time_point next_ = Clock::time_point::max();
};

}  // namespace elbow
