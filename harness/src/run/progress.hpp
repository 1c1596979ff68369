#pragma once

#include <string>

#include "run/scheduler.hpp"

namespace elbow {

/// A time for people: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(double seconds);

/// How far a run is, in one line: done, cached, running, failed, rate and time left.
/// @param seconds  since the start of the run
std::string progress_line(const ScheduleState& state, std::size_t cached, double seconds);

/// Which of the states of a run are worth a line of a log: at most one per second, when another 5%
/// is done or a minute has passed, and the last.
class PlainProgress {
 public:
  bool worth_a_line(const ScheduleState& state, double seconds);

 private:
  double last_seconds_ = 0;
  std::size_t last_done_ = 0;
};

}  // namespace elbow
