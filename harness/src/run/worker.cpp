#include "run/worker.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>
#include <iostream>
#include <new>
#include <utility>

#include "plugins/address_space.hpp"
#include "record/cell_writer.hpp"

namespace elbow {

namespace {

constexpr std::size_t kept_output = 64 * 1024;
constexpr std::size_t quoted_lines = 5;
constexpr long most_storing_kb = 256 * 1024;
constexpr std::size_t quoted_characters = 1000;

volatile std::sig_atomic_t stop_flag = 0;

extern "C" void request_stop(int) { stop_flag = 1; }

[[noreturn]] void fail(const char* what) {
  throw Error(std::string("cannot start a worker (") + what + "): " + std::strerror(errno));
}

/// How often the kernel has killed a process for want of memory since it started; -1 if it does not
/// say.
long kernel_oom_kills() {
  std::ifstream statistics("/proc/vmstat");
  std::string name;
  for (long value; statistics >> name >> value;)
    if (name == "oom_kill") return value;
  return -1;
}

/// Whether the kernel has killed anything for want of memory since this was last asked; nothing if
/// it does not say.
std::optional<bool> new_oom_kills() {
  static long known = 0;
  const long count = kernel_oom_kills();
  if (count < 0) return std::nullopt;
  return std::exchange(known, count) < count;
}

std::string in_seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

/// The end of what was printed, for a reason of one paragraph.
std::string last_lines(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  if (text.empty()) return "";
  std::size_t begin = text.size();
  for (std::size_t lines = 0; lines < quoted_lines && begin > 0; ++lines) {
    begin = text.rfind('\n', begin - 1);
    if (begin == std::string::npos) begin = 0;
  }
  if (begin > 0) ++begin;
  begin = std::max(begin, text.size() - std::min(text.size(), quoted_characters));
  return "; it last printed: " + text.substr(begin);
}

}  // namespace

struct SpareProcessors::Shared {
  std::atomic<int> count;
};

SpareProcessors::SpareProcessors(std::size_t count) {
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  shared_ = new (memory) Shared;
  shared_->count.store(int(std::min<std::size_t>(count, 1 << 20)));
}

SpareProcessors::~SpareProcessors() { munmap(shared_, sizeof(Shared)); }

int SpareProcessors::take(int most) {
  int found = shared_->count.load();
  int got = 0;
  do {
    got = std::clamp(found, 0, std::max(most, 0));
  } while (!shared_->count.compare_exchange_weak(found, found - got));
  return got;
}

void SpareProcessors::give(int count) { shared_->count.fetch_add(count); }

/// Lies in memory that both processes see.
struct Worker::Report {
  enum State : int { nothing, stored, unstored, refused };
  std::atomic<int> state;
  std::atomic<bool> storing;
  std::atomic<int> borrowed;  ///< processors taken from the spare ones
  std::atomic<bool> stopped;  ///< set by `announce_stopped`, taken back when its time was granted
  int ending;
  std::size_t length;
  char reason[8192];

  void write(State how, Ending end, const std::string& text) {
    ending = int(end);
    length = std::min(text.size(), sizeof reason);
    std::memcpy(reason, text.data(), length);
    state.store(how);
  }
};

const volatile std::sig_atomic_t& stop_requested() { return stop_flag; }

namespace {

/// Of this worker; null in other processes.
std::atomic<bool>* own_storing = nullptr;
std::atomic<bool>* own_stopped = nullptr;
std::atomic<int>* own_borrowed = nullptr;
SpareProcessors* own_spare = nullptr;

/// For the metrics of a cell that its wall limit has stopped.
constexpr double least_metrics_seconds = 60;

/// Makes this new process what a worker is. Signals that end it are still blocked.
void become_worker(pid_t parent, int output) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent died before it could be watched
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  close_range(3, ~0U, 0);  // the lock of the result folder among others: it is the parent's
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  stop_flag = 0;
  struct sigaction stop {};
  stop.sa_handler = request_stop;
  stop.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &stop, nullptr);
}

}  // namespace

Worker::Worker(const std::function<Outcome()>& work, const Limits& limits, double grace_seconds,
               const sigset_t& signals, SpareProcessors* spare)
    : spare_(spare), limits_(limits), grace_seconds_(grace_seconds) {
  [[maybe_unused]] static const auto before_the_first_worker = new_oom_kills();
  void* shared =
      mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail("mmap");
  report_ = new (shared) Report;  // zero pages: the state is `nothing`

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    munmap(report_, sizeof(Report));
    fail("pipe");
  }
  const pid_t parent = getpid();
  // SIGTERM must not arrive before the worker's handler is there.
  sigset_t every, before;
  sigfillset(&every);
  sigprocmask(SIG_BLOCK, &every, &before);
  // What this process has not printed yet is not the worker's to print.
  std::cout.flush();
  std::fflush(nullptr);
  start_ = Clock::now();
  pid_ = fork();
  if (pid_ == 0) {
    become_worker(parent, ends[1]);
    sigprocmask(SIG_SETMASK, &signals, nullptr);
    own_storing = &report_->storing;
    own_stopped = &report_->stopped;
    own_borrowed = &report_->borrowed;
    own_spare = spare;
    try {
      limit_address_space(std::uint64_t(limits.memory_mb) << 20);
      const Outcome outcome = work();
      report_->write(Report::stored, outcome.ending, outcome.reason);
    } catch (const std::bad_alloc&) {
      lift_address_space_limit();
      report_->write(Report::unstored, Ending::out_of_memory, "");
    } catch (const RecordError& error) {
      report_->write(Report::refused, Ending::failed, error.what());
    } catch (const std::exception& error) {
      report_->write(Report::unstored, Ending::failed, error.what());
    } catch (...) {  // a cell begins here, and a plugin may throw anything
      report_->write(Report::unstored, Ending::failed, "an exception that is no std::exception");
    }
    std::cout.flush();
    std::cerr.flush();
    std::fflush(nullptr);
    _exit(0);  // neither the parent's exit handlers nor the plugins' destructors run
  }
  const int fork_error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(ends[1]);
  if (pid_ < 0) {
    close(ends[0]);
    munmap(report_, sizeof(Report));
    errno = fork_error;
    fail("fork");
  }
  setpgid(pid_, pid_);  // whichever of the two processes comes first
  output_ = ends[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
  if (limits.wall_seconds > 0)
    deadline_ = start_ + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double>(std::min(limits.wall_seconds, 1e9)));
}

void announce_storing() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  if (own_storing == nullptr || usage.ru_maxrss > most_storing_kb) return;
  own_storing->store(true);
  kill(getppid(), SIGCHLD);  // the event that the parent waits for anyway
}

void announce_stopped() {
  if (own_stopped != nullptr) own_stopped->store(true);
}

bool Worker::storing() const { return report_->storing.load(); }

Worker::~Worker() {
  if (pid_ > 0) {
    kill();
    waitpid(pid_, nullptr, 0);
    take_back_processors();
  }
  if (output_ >= 0) close(output_);
  munmap(report_, sizeof(Report));
}

void Worker::take_back_processors() {
  if (spare_ != nullptr) spare_->give(report_->borrowed.exchange(0));
}

int take_processors(int most) {
  if (own_spare == nullptr) return 0;
  const int got = own_spare->take(most);
  own_borrowed->fetch_add(got);
  return got;
}

void give_back_processors() {
  if (own_spare != nullptr) own_spare->give(own_borrowed->exchange(0));
}

void Worker::drain() {
  char block[16384];
  // Bounded, so that a process that prints without end does not keep the parent here.
  for (int i = 0; i < 64 && output_ >= 0; ++i) {
    const ssize_t count = read(output_, block, sizeof block);
    if (count > 0) {
      printed_.append(block, std::size_t(count));
      if (printed_.size() > 2 * kept_output) printed_.erase(0, printed_.size() - kept_output);
    } else if (count == 0) {
      close(output_);
      output_ = -1;
    } else if (errno != EINTR) {
      return;
    }
  }
}

void Worker::enforce_limits(Clock::time_point now) {
  // What is computed is not thrown away because the disk is slow: others may be storing too.
  if (storing()) deadline_.reset();
  if (!deadline_ || now < *deadline_) return;
  if (sent_ == Sent::nothing) {
    ::kill(pid_, SIGTERM);
    sent_ = Sent::terminate;
    deadline_ = now + std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double>(grace_seconds_));
  } else if (report_->stopped.exchange(false)) {
    deadline_ = now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                          std::clamp(limits_.wall_seconds, least_metrics_seconds, 1e9)));
  } else {
    kill();
  }
}

void Worker::kill() {
  if (pid_ <= 0) return;
  killpg(pid_, SIGKILL);
  sent_ = Sent::kill;
  deadline_.reset();
}

std::optional<WorkerEnd> Worker::poll_end() {
  siginfo_t info{};
  if (waitid(P_PID, id_t(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
    return std::nullopt;
  killpg(pid_, SIGKILL);  // what it has started; its number is still taken, so no one else's group
  int status = 0;
  waitpid(pid_, &status, 0);
  take_back_processors();
  drain();
  WorkerEnd end;
  end.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  read_outcome(status, end);
  if (printed_.size() > kept_output) printed_.erase(0, printed_.size() - kept_output);
  end.output = std::move(printed_);
  pid_ = -1;
  return end;
}

void Worker::read_outcome(int status, WorkerEnd& end) const {
  if (WIFSIGNALED(status)) {
    end.outcome = outcome_of_signal(WTERMSIG(status));
    return;
  }
  const int state = report_->state.load();
  if (state == Report::nothing) {
    end.outcome = {Ending::failed, "the process ended with exit status " +
                                       std::to_string(WEXITSTATUS(status)) +
                                       " before the cell was complete" + last_lines(printed_)};
    return;
  }
  end.outcome = {Ending(report_->ending), {report_->reason, report_->length}};
  end.stored = state == Report::stored;
  end.refused = state == Report::refused;
  if (!end.stored && end.outcome.ending == Ending::out_of_memory)
    end.outcome.reason = "an allocation went beyond the limit of " +
                         std::to_string(limits_.memory_mb) + " MB (limits.memory_mb)";
}

Outcome Worker::outcome_of_signal(int signal) const {
  if (sent_ != Sent::nothing && (signal == SIGKILL || signal == SIGTERM))
    return {Ending::timed_out,
            "the limit of " + in_seconds(limits_.wall_seconds) +
                " (limits.wall_seconds) passed, and the cell did not end when asked to"};
  if (signal == SIGKILL) {
    const std::optional<bool> out_of_memory = new_oom_kills();
    if (!out_of_memory)
      return {Ending::crashed,
              "SIGKILL (signal 9), perhaps from the kernel's out-of-memory killer"};
    if (*out_of_memory)
      return {Ending::out_of_memory,
              "killed by SIGKILL while the kernel's out-of-memory killer was at work"};
    return {Ending::crashed, "SIGKILL (signal 9), sent by another process"};
  }
  const char* name = sigabbrev_np(signal);
  return {Ending::crashed, (name ? "SIG" + std::string(name) : "a signal") + " (signal " +
                               std::to_string(signal) + ", " + strsignal(signal) + ")" +
                               last_lines(printed_)};
}

}  // namespace elbow
