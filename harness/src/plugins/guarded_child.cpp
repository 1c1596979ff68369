#include "plugins/guarded_child.hpp"

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
#include <cstring>
#include <elbow/error.hpp>

#include "plugins/address_space.hpp"

namespace elbow {
namespace {

using Clock = std::chrono::steady_clock;

struct MessageHeader {
  std::uint32_t kind;
  std::uint32_t size;  ///< bytes that follow
};

[[noreturn]] void throw_child_error(const char* what) {
  throw Error(std::string("a child process for plugins: ") + what + ": " + std::strerror(errno));
}

void limit_child(__rlimit_resource resource, rlim_t most) {
  const rlimit both{most, most};
  setrlimit(resource, &both);
}

void isolate_child(int output, std::uint64_t memory) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTERM, SIGINT, SIGPIPE, SIGALRM})
    signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  limit_child(RLIMIT_CORE, 0);
  limit_child(RLIMIT_FSIZE, 16 << 20);
  limit_address_space(memory);
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
}

}  // namespace

void FileDescriptor::reset() {
  if (number_ >= 0) close(number_);
  number_ = -1;
}

void ChildSide::send(std::uint32_t kind, const std::string& bytes) const {
  const MessageHeader header{kind, std::uint32_t(bytes.size())};
  std::string message(reinterpret_cast<const char*>(&header), sizeof header);
  message += bytes;
  for (std::size_t sent = 0; sent < message.size();) {
    const ssize_t n = write(pipe_, message.data() + sent, message.size() - sent);
    if (n < 0 && errno != EINTR) _exit(1);  // the host is gone
    if (n > 0) sent += std::size_t(n);
  }
}

void ChildSide::forget_output() const {
  if (ftruncate(output_, 0) != 0 || lseek(output_, 0, SEEK_SET) != 0) _exit(1);
}

GuardedChild::GuardedChild(const std::function<void(const ChildSide&)>& work,
                           std::uint64_t memory) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_child_error("pipe");
  from_child_ = FileDescriptor(ends[0]);
  const FileDescriptor to_host(ends[1]);
  output_ = FileDescriptor(memfd_create("plugin output", MFD_CLOEXEC));
  if (output_ < 0) throw_child_error("memfd_create");
  child_ = fork();
  if (child_ < 0) throw_child_error("fork");
  if (child_ > 0) return;
  isolate_child(output_, memory);
  // An exception that left this constructor would go on in the host's code, as a second host.
  [&]() noexcept { work(ChildSide(to_host, output_)); }();
  _exit(0);  // without the destructors of the plugins
}

GuardedChild::~GuardedChild() {
  if (status_) return;
  kill(child_, SIGKILL);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::optional<ChildMessage> GuardedChild::next(std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  MessageHeader header;
  while (true) {
    if (buffer_.size() >= sizeof header) {
      std::memcpy(&header, buffer_.data(), sizeof header);
      if (buffer_.size() >= sizeof header + header.size) break;
    }
    if (!wait_until(deadline)) {
      too_late_ = true;
      kill(child_, SIGKILL);
      return {};
    }
    char block[1 << 16];
    const ssize_t n = read(from_child_, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_child_error("read");
    if (n == 0) return {};
    buffer_.append(block, std::size_t(n));
  }
  ChildMessage message{header.kind, buffer_.substr(sizeof header, header.size)};
  buffer_.erase(0, sizeof header + header.size);
  return message;
}

bool GuardedChild::wait_until(Clock::time_point deadline) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd request{from_child_, POLLIN, 0};
    const int ready = poll(&request, 1, int(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) throw_child_error("poll");
  }
}

int GuardedChild::reap() {
  if (!status_) {
    int status = 0;
    while (waitpid(child_, &status, 0) < 0)
      if (errno != EINTR) throw_child_error("waitpid");
    status_ = status;
  }
  return *status_;
}

std::string GuardedChild::ending() {
  const int status = reap();
  if (!WIFSIGNALED(status))
    return "ended the process (exit status " + std::to_string(WEXITSTATUS(status)) + ")";
  const int number = WTERMSIG(status);
  const char* name = sigabbrev_np(number);
  return "crashed (" + (name ? "SIG" + std::string(name) : "signal " + std::to_string(number)) +
         ")";
}

std::string GuardedChild::last_output() const {
  constexpr off_t most = 600;
  const off_t size = lseek(output_, 0, SEEK_END);
  std::string text(std::size_t(std::clamp<off_t>(size, 0, most)), '\0');
  const ssize_t n = pread(output_, text.data(), text.size(), std::max<off_t>(size - most, 0));
  text.resize(std::size_t(std::max<ssize_t>(n, 0)));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  if (size > most && text.find('\n') != std::string::npos) text.erase(0, text.find('\n') + 1);
  for (std::size_t line = 0; (line = text.find('\n', line)) != std::string::npos; line += 5)
    text.replace(line, 1, "\n    ");
  return text.empty() ? text : "; its last output:\n    " + text;
}

}  // namespace elbow
