#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>

#include "plan/plan.hpp"
#include "record/outcome.hpp"

namespace elbow {

/// How many of the processors that a run may use are free, in memory that its processes share.
class SpareProcessors {
 public:
  /// @throws Error when the system refuses the memory
  explicit SpareProcessors(std::size_t count);
  ~SpareProcessors();
  SpareProcessors(const SpareProcessors&) = delete;
  /// Takes up to `most`. @return how many it got
  int take(int most);
  void give(int count);

 private:
  struct Shared;
  Shared* shared_;
};

/// How a worker ended.
struct WorkerEnd {
  Outcome outcome;
  bool stored = false;   ///< the worker itself has stored the outcome in the cell's file
  bool refused = false;  ///< the system refused to store results; the outcome's text says why
  double seconds = 0;    ///< from its start to its end
  std::string output;    ///< the last 64 KiB of what it printed, to stdout or stderr
};

/// One piece of work in a process of its own, and the parent's hold on it.
///
/// The process leads its own process group, reads from /dev/null, writes no core file, and is
/// killed when its parent dies, however the parent dies. What it starts is killed with it.
/// Limits:
/// - wall_seconds: SIGTERM, on which `stop_requested()` becomes true in the worker; SIGKILL when it
///   is still there `grace_seconds` later, or, where it has called `announce_stopped`, the
///   limit again or a minute after that, whichever is longer. Neither after `announce_storing`.
/// - memory_mb: what the work may map beyond what the program had mapped when the work began, see
///   `limit_address_space`. An allocation beyond it fails with std::bad_alloc.
class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  /// Starts the process. `work` runs there; what it returns is the outcome that it has stored, what
  /// it throws becomes an outcome that the parent has to store: `out_of_memory` for std::bad_alloc,
  /// `failed` with the text for other exceptions; a RecordError is marked as `refused`.
  /// @param signals  blocked signals of the work
  /// @param spare    what `take_processors` takes from; null: nothing
  /// @throws Error if the system refuses a process or a pipe
  Worker(const std::function<Outcome()>& work, const Limits& limits, double grace_seconds,
         const sigset_t& signals, SpareProcessors* spare = nullptr);
  /// A worker that still runs is killed.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  pid_t pid() const { return pid_; }
  /// Whether the work has called `announce_storing`.
  bool storing() const;
  /// What it prints can be read from here; -1 after its end of file.
  int output() const { return output_; }
  /// Reads what has been printed, without waiting.
  void drain();

  /// When `enforce_limits` has something to do next; nothing without a wall limit.
  std::optional<Clock::time_point> deadline() const { return deadline_; }
  void enforce_limits(Clock::time_point now);
  /// Kills the process and what it has started.
  void kill();

  /// The end of the worker, or nothing while it runs; never waits.
  std::optional<WorkerEnd> poll_end();

 private:
  struct Report;
  void read_outcome(int status, WorkerEnd& end) const;
  Outcome outcome_of_signal(int signal) const;

  void take_back_processors();

  SpareProcessors* spare_;
  pid_t pid_ = -1;
  int output_ = -1;
  Report* report_ = nullptr;  // shared with the process
  std::string printed_;
  Limits limits_;
  double grace_seconds_;
  Clock::time_point start_;
  std::optional<Clock::time_point> deadline_;
  enum class Sent { nothing, terminate, kill } sent_ = Sent::nothing;
};

/// In a worker: true once its wall limit has passed. In any other process always false.
const volatile std::sig_atomic_t& stop_requested();

/// In a worker: the work has noticed `stop_requested()` and has only metrics left to compute, which
/// may take longer than the grace. Does nothing in any other process.
void announce_stopped();

/// In a worker: all that is left to do is to wait for the disk, and others may compute meanwhile. A
/// process of more than 256 MB stays silent, for the next one may need its memory. Does nothing in
/// any other process.
void announce_storing();

/// In a worker: takes up to `most` processors that no one uses, for processes of its own. What it
/// does not give back comes back with its end. @return how many it got; 0 in any other process
int take_processors(int most);
void give_back_processors();

}  // namespace elbow
