#include "run/progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace elbow {

std::string duration_text(double seconds) {
  char text[64];
  if (seconds < 9.95) {
    std::snprintf(text, sizeof text, "%.1f s", std::max(0.0, seconds));
  } else {
    const long long whole = std::llround(seconds);
    if (whole < 60)
      std::snprintf(text, sizeof text, "%lld s", whole);
    else if (whole < 3600)
      std::snprintf(text, sizeof text, "%lld min %lld s", whole / 60, whole % 60);
    else
      std::snprintf(text, sizeof text, "%lld h %lld min", whole / 3600, whole % 3600 / 60);
  }
  return text;
}

std::string progress_line(const ScheduleState& state, std::size_t cached, double seconds) {
  std::string line = std::to_string(state.done) + " of " + std::to_string(state.total) + " done";
  if (cached > 0) line += ", " + std::to_string(cached) + " cached";
  line += ", " + std::to_string(state.running) + " running, " + std::to_string(state.failed) +
          " failed";
  if (state.done == 0 || seconds <= 0) return line;
  const double rate = double(state.done) / seconds;
  char text[64];
  if (rate >= 1)
    std::snprintf(text, sizeof text, ", %.*f cells/s", rate < 10 ? 1 : 0, rate);
  else
    std::snprintf(text, sizeof text, ", %s per cell", duration_text(1 / rate).c_str());
  line += text;
  if (state.done < state.total)
    line += ", " + duration_text(double(state.total - state.done) / rate) + " left";
  return line;
}

bool PlainProgress::worth_a_line(const ScheduleState& state, double seconds) {
  if (state.done == last_done_) return false;
  const bool last = state.done == state.total;
  const bool step = (state.done - last_done_) * 20 >= state.total;
  const double waited = seconds - last_seconds_;
  if (!last && (waited < 1 || (!step && waited < 60))) return false;
  last_done_ = state.done;
  last_seconds_ = seconds;
  return true;
}

}  // namespace elbow
