#pragma once

#include <chrono>

namespace elbow {

/// Seconds that a method has worked: stopped while the host evaluates and records.
class MethodClock {
 public:
  void start() { started_ = Clock::now(); }
  void stop() { elapsed_ += Clock::now() - started_; }
  /// Seconds that were worked in another process.
  void add(double seconds) {
    elapsed_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  double seconds() const { return std::chrono::duration<double>(elapsed_).count(); }
  /// While the clock runs.
  double seconds_now() const {
    return std::chrono::duration<double>(elapsed_ + (Clock::now() - started_)).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point started_;
  Clock::duration elapsed_{};
};

}  // namespace elbow
