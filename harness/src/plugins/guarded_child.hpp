#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace elbow {

/// An open file descriptor, closed with its owner.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() { reset(); }
  void reset();
  operator int() const { return number_; }

 private:
  int number_;
};

/// What a guarded child process sends its host.
struct ChildMessage {
  std::uint32_t kind;  ///< the caller's own numbering
  std::string bytes;
};

/// The child's side of a guarded child process.
class ChildSide {
 public:
  ChildSide(int pipe, int output) : pipe_(pipe), output_(output) {}
  /// Ends the child when the host is gone.
  void send(std::uint32_t kind, const std::string& bytes = {}) const;
  /// Drops what was printed so far, so that what the host finds is of what comes next.
  void forget_output() const;

 private:
  int pipe_, output_;
};

/// Runs code of plugins in a child process, so that the host lives whatever the code does: signals
/// end the child as the system means them to, it leaves no core file, its outputs go to memory, and
/// it does not outlive the host. Must be started while this process has one thread only.
class GuardedChild {
 public:
  /// @param work    what the child does; it ends when this returns, and by SIGABRT when this throws
  /// @param memory  bytes that the child may map beyond what the host has mapped; 0: no limit
  /// @throws Error when no child process can be made.
  explicit GuardedChild(const std::function<void(const ChildSide&)>& work,
                        std::uint64_t memory = 0);
  /// Kills the child if it still runs.
  ~GuardedChild();
  GuardedChild(const GuardedChild&) = delete;
  GuardedChild& operator=(const GuardedChild&) = delete;

  /// The next message. Nothing when there is none any more: the child has ended, or it was killed
  /// because it sent nothing for so long, which `too_late` tells.
  std::optional<ChildMessage> next(std::chrono::milliseconds patience);
  bool too_late() const { return too_late_; }
  /// How the child ended: `crashed (SIGABRT)`, `ended the process (exit status 3)`.
  std::string ending();
  /// The last lines that it printed, indented, as the end of an error's text; empty without any.
  std::string last_output() const;

 private:
  bool wait_until(std::chrono::steady_clock::time_point deadline);
  int reap();

  pid_t child_ = -1;
  FileDescriptor from_child_, output_;
  std::string buffer_;
  std::optional<int> status_;
  bool too_late_ = false;
};

}  // namespace elbow
