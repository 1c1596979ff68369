#pragma once

#include <chrono>

namespace elbow {

/// Seconds that a method has worked: stopped while the host evaluates and records.
class MethodClock {
 public:
  void start() { started_ = Clock::now(); }
  void stop() { elapsed_ += Clock::now() - started_; }
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
