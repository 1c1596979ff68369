#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "run/progress.hpp"

namespace elbow {

/// Shows how far a run is, on stderr: one line that changes on a terminal, now and then a line of
/// its own elsewhere.
class ProgressDisplay {
 public:
  /// @param cached  cells that need not be run
  ProgressDisplay(std::size_t cached, bool quiet);
  void show(const ScheduleState& state);
  /// Leaves the line.
  void finish();
  double seconds() const;

 private:
  std::size_t cached_;
  bool quiet_, terminal_;
  bool line_open_ = false;
  std::chrono::steady_clock::time_point start_, last_{};
  PlainProgress plain_;
};

}  // namespace elbow
