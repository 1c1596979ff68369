#pragma once

#include <csignal>

namespace elbow {

/// While it lives, the ends of child processes and the wishes of the user to stop (SIGINT, SIGTERM,
/// SIGHUP) are events that `poll` can wait for, and interrupt nothing. Signals that were ignored
/// when the program started (by nohup, by a shell's `&`) stay ignored.
/// Use from the only thread of the process.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// Readable when a signal has come.
  int descriptor() const { return descriptor_; }

  /// The next signal that has come, 0 when there is none. Several ends of children may be one
  /// event.
  int next();

  /// The signals that the process had blocked before; a forked child goes back to them.
  const sigset_t& previous() const { return previous_; }

 private:
  int descriptor_;
  sigset_t previous_;
};

}  // namespace elbow
