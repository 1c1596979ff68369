#include "cli/progress_display.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

namespace elbow {

namespace {

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

ProgressDisplay::ProgressDisplay(std::size_t cached, bool quiet)
    : cached_(cached),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO)),
      start_(std::chrono::steady_clock::now()) {}

double ProgressDisplay::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void ProgressDisplay::show(const ScheduleState& state) {
  if (quiet_) return;
  if (!terminal_) {
    if (plain_.worth_a_line(state, seconds()))
      std::cerr << progress_line(state, cached_, seconds()) << std::endl;
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100) && state.done < state.total) return;
  last_ = now;
  line_open_ = true;
  std::cerr << "\r\033[K"
            << progress_line(state, cached_, seconds()).substr(0, terminal_width() - 1)
            << std::flush;
}

void ProgressDisplay::finish() {
  if (line_open_) std::cerr << std::endl;
  line_open_ = false;
}

}  // namespace elbow
