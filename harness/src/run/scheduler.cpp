#include "run/scheduler.hpp"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "run/result_folder.hpp"
#include "run/signal_watch.hpp"
#include "run/worker.hpp"

namespace elbow {

namespace fs = std::filesystem;

namespace {

using Clock = Worker::Clock;
constexpr std::chrono::milliseconds report_interval{250};
/// So many processes per worker may wait for the disk while others compute. The system brings what
/// waits at one time to the disk together.
constexpr std::size_t most_storing = 4;

/// A cell between its start and its end: its own worker, and after a failure that this worker could
/// not store, the worker that stores it.
struct RunningCell {
  const Cell* cell;
  std::unique_ptr<Worker> worker;
  std::optional<WorkerEnd> failure;  // set while the second worker stores it
  bool has_processor = true;         // until it only waits for the disk
};

class Scheduler {
 public:
  Scheduler(const std::vector<const Cell*>& cells, const fs::path& folder, const CellWork& work,
            const ScheduleSettings& settings,
            const std::function<void(const ScheduleState&)>& report)
      : cells_(cells),
        folder_(folder),
        work_(work),
        settings_(settings),
        report_(report),
        spare_(settings.workers) {}

  ScheduleResult run() {
    while ((next_ < cells_.size() && !stopping_) || !running_.empty()) {
      free_processors();
      while (!stopping_ && next_ < cells_.size() &&
             running_.size() < (1 + most_storing) * settings_.workers && spare_.take(1) == 1)
        start(*cells_[next_++]);
      wait();
      take_signals();
      serve_workers();
      if (changed_ || Clock::now() >= next_report_) tell();
    }
    sync_folders();
    return std::move(result_);
  }

 private:
  fs::path file_of(const Cell& cell) const { return folder_ / cell_path(cell.hash); }

  std::size_t computing() const {
    return std::size_t(
        std::count_if(running_.begin(), running_.end(),
                      [](const RunningCell& running) { return !running.worker->storing(); }));
  }

  /// Those of cells that only wait for the disk.
  void free_processors() {
    for (RunningCell& running : running_)
      if (running.has_processor && running.worker->storing()) free_processor(running);
  }
  void free_processor(RunningCell& running) {
    if (std::exchange(running.has_processor, false)) spare_.give(1);
  }

  /// With one processor taken for it.
  void start(const Cell& cell) {
    try {
      if (made_folders_.insert(cell.hash.substr(0, 2)).second)
        make_folder(file_of(cell).parent_path());
      start_worker(
          running_.emplace_back(RunningCell{&cell, nullptr, std::nullopt, true}),
          [&] { return work_.run(cell, file_of(cell)); }, settings_.limits);
    } catch (const Error& error) {
      if (!running_.empty() && !running_.back().worker) running_.pop_back();
      spare_.give(1);
      stop_for(error.what());
    }
    changed_ = true;
  }

  void start_worker(RunningCell& running, const std::function<Outcome()>& work,
                    const Limits& limits) {
    running.worker = std::make_unique<Worker>(work, limits, settings_.grace_seconds,
                                              signals_.previous(), &spare_);
  }

  /// Until something happens or is due.
  void wait() {
    polled_.clear();
    polled_.push_back({signals_.descriptor(), POLLIN, 0});
    Clock::time_point due = next_report_;
    for (const RunningCell& running : running_) {
      if (running.worker->output() >= 0) polled_.push_back({running.worker->output(), POLLIN, 0});
      if (const auto deadline = running.worker->deadline()) due = std::min(due, *deadline);
    }
    const auto left = std::max(Clock::duration::zero(), due - Clock::now());
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    const timespec timeout{time_t(nanoseconds / 1'000'000'000), long(nanoseconds % 1'000'000'000)};
    if (ppoll(polled_.data(), polled_.size(), &timeout, nullptr) < 0 && errno != EINTR)
      throw Error(std::string("cannot wait for the workers (ppoll): ") + std::strerror(errno));
  }

  void take_signals() {
    while (const int signal = signals_.next()) {
      if (signal == SIGCHLD) continue;
      result_.interrupted_by = signal;
      stop();
    }
  }

  void serve_workers() {
    const Clock::time_point now = Clock::now();
    for (auto running = running_.begin(); running != running_.end();) {
      running->worker->drain();
      running->worker->enforce_limits(now);
      std::optional<WorkerEnd> end = running->worker->poll_end();
      if (end) changed_ = true;
      if (end && settle(*running, std::move(*end))) {
        free_processor(*running);
        running = running_.erase(running);
      } else {
        ++running;
      }
    }
  }

  /// Takes the end of a worker. @return whether the cell is over
  bool settle(RunningCell& running, WorkerEnd end) {
    const Cell& cell = *running.cell;
    if (!end.stored) remove_temporary_files(file_of(cell));
    // Whether the cell or its failure: when the system refuses one file, the next fare no better.
    if (!stopping_ && (end.refused || (running.failure && !end.stored))) {
      stop_for(end.outcome.reason);
      return true;
    }
    if (end.stored) {
      finish(cell, running.failure ? *running.failure : end);
      return true;
    }
    if (stopping_) return true;  // killed by `stop`: no result, the cell stays undone
    running.failure = std::move(end);
    try {
      const WorkerEnd& failure = *running.failure;
      start_worker(
          running,
          [&] {
            work_.record_failure(cell, file_of(cell), failure.outcome, failure.seconds);
            return failure.outcome;
          },
          Limits{});
      return false;
    } catch (const Error& error) {
      stop_for(error.what());
      return true;
    }
  }

  void finish(const Cell& cell, const WorkerEnd& end) {
    const fs::path log = folder_ / failure_log_path(cell.hash);
    if (is_failure(end.outcome.ending)) {
      ++failed_;
      write_log(log, end);
    } else {
      std::error_code absent;
      fs::remove(log, absent);
    }
    result_.finished.push_back({&cell, end.outcome, end.seconds});
    if (settings_.fail_fast && failed_ > 0) stop();
  }

  void write_log(const fs::path& log, const WorkerEnd& end) {
    std::ofstream file(log, std::ios::trunc);
    file << ending_name(end.outcome.ending) << ": " << end.outcome.reason << "\n\n" << end.output;
    file.close();
    if (!file) stop_for(log.string() + ": cannot write: " + std::strerror(errno));
  }

  /// Once for all cells: their files are on the disk already.
  void sync_folders() {
    try {
      for (const std::string& name : made_folders_) sync_folder(folder_ / "cells" / name);
      if (made_folders_.empty()) return;
      sync_folder(folder_ / "cells");
      sync_folder(folder_);
    } catch (const Error& error) {
      if (result_.error.empty()) result_.error = error.what();
    }
  }

  /// Kills what computes; what only waits for the disk gets there, unless this is the second time.
  void stop() {
    for (RunningCell& running : running_)
      if (stopping_ || !running.worker->storing()) running.worker->kill();
    stopping_ = true;
  }

  void stop_for(const std::string& error) {
    if (result_.error.empty()) result_.error = error;
    stop();
  }

  void tell() {
    report_({cells_.size(), result_.finished.size(), failed_, computing()});
    changed_ = false;
    next_report_ = Clock::now() + report_interval;
  }

  const std::vector<const Cell*>& cells_;
  const fs::path& folder_;
  const CellWork& work_;
  const ScheduleSettings& settings_;
  const std::function<void(const ScheduleState&)>& report_;

  SpareProcessors spare_;
  SignalWatch signals_;
  ScheduleResult result_;
  std::list<RunningCell> running_;
  std::vector<pollfd> polled_;
  std::set<std::string> made_folders_;
  std::size_t next_ = 0, failed_ = 0;
  bool stopping_ = false, changed_ = true;
  Clock::time_point next_report_ = Clock::now();
};

}  // namespace

std::size_t available_processors() {
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof processors, &processors) == 0)
    return std::size_t(std::max(1, CPU_COUNT(&processors)));
  return std::max(1u, std::thread::hardware_concurrency());
}

ScheduleResult run_cells(const std::vector<const Cell*>& cells, const fs::path& folder,
                         const CellWork& work, const ScheduleSettings& settings,
                         const std::function<void(const ScheduleState&)>& report) {
  make_folder(folder / "failures");
  return Scheduler(cells, folder, work, settings, report).run();
}

}  // namespace elbow
