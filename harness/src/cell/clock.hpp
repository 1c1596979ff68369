#pragma once

#include <chrono>
#include <elbow/state_archive.hpp>

namespace elbow {

/// Seconds that a method has worked: stopped while the host evaluates and records.
class MethodClock {
 public:
  void start() { started_ = Clock::now(); }
  void stop() {
    stopped_ = Clock::now();
    elapsed_ += stopped_ - started_;
  }
  /// When it was last stopped.
  std::chrono::steady_clock::time_point stopped() const { return stopped_; }
  /// Seconds that were worked in another process.
  void add(double seconds) {
    elapsed_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  double seconds() const { return std::chrono::duration<double>(elapsed_).count(); }
  /// While the clock runs.
  double seconds_now() const {
    return std::chrono::duration<double>(elapsed_ + (Clock::now() - started_)).count();
  }
  void state(StateArchive& archive) {
    auto ticks = elapsed_.count();
    archive(ticks);
    elapsed_ = Clock::duration(ticks);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point started_, stopped_;
  Clock::duration elapsed_{};
};

}  // namespace elbow
