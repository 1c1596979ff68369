#include "cell/chain_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <elbow/error.hpp>
#include <iostream>
#include <new>
#include <utility>

namespace elbow {
namespace {

/// Before every message: what it is, and for an end how many bytes follow.
struct ChainMessage {
  enum Kind : std::int32_t { row, end } kind;
  std::int32_t ending;
  std::int64_t length;
};

constexpr double held_seconds = 0.02;
/// As much as a process may be ahead of the slowest one.
constexpr int pipe_bytes = 1 << 20;
constexpr int patience_ms = 100;
/// What a process may print; the rest is lost.
constexpr rlim_t most_output = 1 << 20;
constexpr std::size_t quoted_output = 600;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void become_chain_process(pid_t parent, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent died before it could be watched
  signal(SIGTERM, SIG_DFL);           // the wall limit is the cell's process' to notice
  signal(SIGXFSZ, SIG_IGN);
  const rlimit most{most_output, most_output};
  setrlimit(RLIMIT_FSIZE, &most);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  // A plugin that calls exit() must not make HDF5 close the file of the cell, which is its
  // parent's: of the handlers the last one comes first.
  on_exit([](int status, void*) { _exit(status); }, nullptr);
}

[[noreturn]] void throw_chain_error(const char* what) {
  throw Error(std::string("cannot start a process for chains (") + what +
              "): " + std::strerror(errno));
}

Outcome outcome_of_exception() {
  try {
    throw;
  } catch (const Unsupported& error) {
    return {Ending::skipped, error.what()};
  } catch (const std::bad_alloc&) {
    return {Ending::out_of_memory, "an allocation of a chain's process was refused"};
  } catch (const std::exception& error) {
    return {Ending::failed, error.what()};
  }
}

}  // namespace

void RowSender::append(const void* bytes, std::size_t count) {
  const char* from = static_cast<const char*>(bytes);
  if (held_.size + count > HeldBack::capacity) flush();
  if (count > HeldBack::capacity) return write_all(from, count);
  std::memcpy(held_.bytes + held_.size, from, count);
  held_.size += count;
}

void RowSender::send(Vector row) {
  const ChainMessage message{ChainMessage::row, 0, 0};
  append(&message, sizeof message);
  append(row.data(), std::size_t(row.size()) * sizeof(double));
  if (seconds_now() - sent_seconds_ > held_seconds) flush();
}

void RowSender::send_end(const Outcome& outcome) {
  const ChainMessage message{ChainMessage::end, std::int32_t(outcome.ending),
                             std::int64_t(outcome.reason.size())};
  append(&message, sizeof message);
  append(outcome.reason.data(), outcome.reason.size());
  flush();
}

void RowSender::flush() {
  held_.is_sending.store(true);
  write_all(held_.bytes, held_.size);
  held_.size = 0;
  held_.is_sending.store(false);
  sent_seconds_ = seconds_now();
}

void RowSender::write_all(const char* bytes, std::size_t count) {
  for (std::size_t sent = 0; sent < count;) {
    const ssize_t n = write(pipe_, bytes + sent, count - sent);
    if (n < 0 && errno != EINTR) _exit(1);  // the cell's process is gone
    if (n > 0) sent += std::size_t(n);
  }
}

ChainProcess::ChainProcess(const std::function<void(RowSender&)>& work, Index row_size)
    : row_bytes_(std::size_t(row_size) * sizeof(double)) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_chain_error("pipe");
  fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes);  // a smaller one will do
  // What this process has not printed yet is not the child's to print.
  std::cout.flush();
  std::fflush(nullptr);
  output_ = memfd_create("chain output", MFD_CLOEXEC);
  void* shared =
      mmap(nullptr, sizeof(HeldBack), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw_chain_error("mmap");
  held_ = new (shared) HeldBack;  // zero pages: nothing is held
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    become_chain_process(parent, output_);
    close(ends[0]);
    RowSender sender(ends[1], *held_);
    try {
      work(sender);
      sender.flush();
    } catch (const std::exception&) {
      sender.send_end(outcome_of_exception());
    } catch (...) {  // a plugin may throw anything
      sender.send_end({Ending::failed, "a plugin threw something that is not a std::exception"});
    }
    std::cout.flush();
    std::fflush(nullptr);
    _exit(0);  // without the plugins' destructors
  }
  close(ends[1]);
  if (pid_ < 0) {
    close(ends[0]);
    throw_chain_error("fork");
  }
  pipe_ = ends[0];
}

ChainProcess::~ChainProcess() {
  if (pipe_ >= 0) close(pipe_);
  if (output_ >= 0) close(output_);
  if (held_) munmap(held_, sizeof(HeldBack));
  if (pid_ <= 0) return;
  kill();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

ChainProcess::ChainProcess(ChainProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pipe_(std::exchange(other.pipe_, -1)),
      output_(std::exchange(other.output_, -1)),
      held_(std::exchange(other.held_, nullptr)),
      row_bytes_(other.row_bytes_),
      received_(std::move(other.received_)),
      begin_(other.begin_),
      end_(other.end_),
      sent_end_(std::move(other.sent_end_)) {}

void ChainProcess::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

bool ChainProcess::take_held_back() {
  if (held_->is_sending.load() || held_->size == 0) return false;
  received_.resize(std::max(received_.size(), end_ + held_->size));
  std::memcpy(received_.data() + end_, held_->bytes, held_->size);
  end_ += held_->size;
  held_->size = 0;
  return true;
}

std::optional<bool> ChainProcess::receive(std::size_t bytes, const std::function<bool()>& stopped) {
  while (end_ - begin_ < bytes) {
    if (begin_ > 0) {
      std::copy(received_.begin() + std::ptrdiff_t(begin_),
                received_.begin() + std::ptrdiff_t(end_), received_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    received_.resize(std::max(received_.size(), bytes + HeldBack::capacity));
    pollfd request{pipe_, POLLIN, 0};
    if (poll(&request, 1, patience_ms) <= 0) {
      if (stopped()) return std::nullopt;
      continue;
    }
    const ssize_t n = read(pipe_, received_.data() + end_, received_.size() - end_);
    if (n == 0 && !take_held_back()) return false;
    if (n > 0) end_ += std::size_t(n);
  }
  return true;
}

ChainProcess::Next ChainProcess::next(VectorOut row, const std::function<bool()>& stopped) {
  ChainMessage message;
  const auto header = receive(sizeof message, stopped);
  if (!header) return Next::stopped;
  if (!*header) return Next::end;
  std::memcpy(&message, received_.data() + begin_, sizeof message);
  const bool is_row = message.kind == ChainMessage::row;
  const std::size_t length = is_row ? row_bytes_ : std::size_t(message.length);
  const auto body = receive(sizeof message + length, stopped);
  if (!body) return Next::stopped;
  if (!*body) return Next::end;
  const char* from = received_.data() + begin_ + sizeof message;
  begin_ += sizeof message + length;
  if (is_row) {
    std::memcpy(row.data(), from, length);
    return Next::row;
  }
  sent_end_ = Outcome{Ending(message.ending), std::string(from, length)};
  return Next::end;
}

std::string ChainProcess::pass_output_on() {
  if (output_ < 0) return "";
  std::string text(std::size_t(std::max<off_t>(0, lseek(output_, 0, SEEK_END))), '\0');
  text.resize(std::size_t(std::max<ssize_t>(0, pread(output_, text.data(), text.size(), 0))));
  std::cerr << text << std::flush;
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  if (text.size() > quoted_output) text.erase(0, text.size() - quoted_output);
  return text.empty() ? text : "; it last printed: " + text;
}

Outcome ChainProcess::end() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  const std::string printed = pass_output_on();
  if (sent_end_) return *sent_end_;
  if (!WIFSIGNALED(status))
    return {Ending::failed, "a chain's process ended with exit status " +
                                std::to_string(WEXITSTATUS(status)) + " before its last draw" +
                                printed};
  const int number = WTERMSIG(status);
  const char* name = sigabbrev_np(number);
  return {Ending::crashed, (name ? "SIG" + std::string(name) : "a signal") + " (signal " +
                               std::to_string(number) + ", " + strsignal(number) +
                               ") in a chain's process" + printed};
}

}  // namespace elbow
