#pragma once

#include <csignal>
#include <functional>
#include <utility>

namespace elbow {

/// The host's wish that a method ends, which its wall limit sends as SIGTERM.
class StopSignal {
 public:
  /// @param requested  set by the signal's handler
  /// @param noticed  called once, when the method ends for it: what is left are its metrics
  StopSignal(const volatile std::sig_atomic_t& requested, std::function<void()> noticed)
      : requested_(requested), noticed_(std::move(noticed)) {}

  /// Whether the method has to end now; asked between its steps.
  bool received() {
    if (!requested_) return false;
    if (noticed_) std::exchange(noticed_, nullptr)();
    return true;
  }

 private:
  const volatile std::sig_atomic_t& requested_;
  std::function<void()> noticed_;
};

}  // namespace elbow
