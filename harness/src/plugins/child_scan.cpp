#include "plugins/child_scan.hpp"

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
#include <iterator>
#include <optional>

#include "plugins/description.hpp"
#include "plugins/loader.hpp"

// The child writes one message before it touches a file and one when it is through with it.
// Whatever happens in between happened because of that file.

namespace elbow {
namespace {

using Clock = std::chrono::steady_clock;

enum class Event : std::uint32_t { started, described, refused };

struct Header {
  Event event;
  std::uint32_t size;  ///< bytes that follow: a PluginInfo, or the reason
};

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { reset(); }
  void reset() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }
  operator int() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void throw_system_error(const char* what) {
  throw Error(std::string("reading plugins: ") + what + ": " + std::strerror(errno));
}

// ---- in the child

void send(int pipe, Event event, const std::string& bytes = {}) {
  const Header header{event, std::uint32_t(bytes.size())};
  std::string message(reinterpret_cast<const char*>(&header), sizeof header);
  message += bytes;
  for (std::size_t sent = 0; sent < message.size();) {
    const ssize_t n = write(pipe, message.data() + sent, message.size() - sent);
    if (n < 0 && errno != EINTR) _exit(1);  // the host is gone
    if (n > 0) sent += std::size_t(n);
  }
}

void limit(__rlimit_resource resource, rlim_t most) {
  const rlimit both{most, most};
  setrlimit(resource, &both);
}

/// Signals end the child as the system means them to, it leaves no core file, writes only to
/// `output`, and does not outlive the host.
void isolate(int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTERM, SIGINT, SIGPIPE, SIGALRM})
    signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 16 << 20);
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
}

void describe_one(const PluginFile& file, int pipe) {
  try {
    const Descriptor& descriptor = map_plugin(file.file, file.kind, file.name);
    send(pipe, Event::described, encode(describe_plugin(descriptor, file.file)));
  } catch (const Error& error) {
    send(pipe, Event::refused, error.what());
  } catch (const std::exception& error) {  // from the plugin's own function of options
    send(pipe, Event::refused, file.file.string() + ": threw while loading: " + error.what());
  }
}

[[noreturn]] void be_the_child(const std::vector<PluginFile>& files, std::size_t first, int pipe,
                               int output) {
  isolate(output);
  for (std::size_t i = first; i < files.size(); ++i) {
    // So that what is found there is this file's own.
    if (ftruncate(output, 0) != 0 || lseek(output, 0, SEEK_SET) != 0) _exit(1);
    send(pipe, Event::started);
    describe_one(files[i], pipe);
  }
  _exit(0);  // without the destructors of the plugins
}

// ---- in the host

/// What one child said, message by message.
class Messages {
 public:
  explicit Messages(int pipe) : pipe_(pipe) {}

  enum class End { closed, too_late };

  /// The next message; empty when there is none any more, `end()` says why.
  std::optional<Event> next(std::string& bytes, std::chrono::milliseconds patience) {
    const Clock::time_point deadline = Clock::now() + patience;
    while (!complete()) {
      if (!wait_until(deadline)) return stop(End::too_late);
      char block[1 << 16];
      const ssize_t n = read(pipe_, block, sizeof block);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw_system_error("pipe");
      if (n == 0) return stop(End::closed);
      buffer_.append(block, std::size_t(n));
    }
    const Header header = front();
    bytes = buffer_.substr(sizeof header, header.size);
    buffer_.erase(0, sizeof header + header.size);
    return header.event;
  }
  End end() const { return end_; }

 private:
  Header front() const {
    Header header;
    std::memcpy(&header, buffer_.data(), sizeof header);
    return header;
  }
  bool complete() const {
    return buffer_.size() >= sizeof(Header) && buffer_.size() >= sizeof(Header) + front().size;
  }
  bool wait_until(Clock::time_point deadline) {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      pollfd request{pipe_, POLLIN, 0};
      const int ready = poll(&request, 1, int(std::max<std::int64_t>(left.count(), 0)));
      if (ready > 0) return true;
      if (ready == 0) return false;
      if (errno != EINTR) throw_system_error("poll");
    }
  }
  std::nullopt_t stop(End end) {
    end_ = end;
    return std::nullopt;
  }

  int pipe_;
  std::string buffer_;
  End end_ = End::closed;
};

/// The last lines of what the file wrote to its outputs, indented; empty when it wrote nothing.
std::string last_lines(int output) {
  constexpr off_t most = 600;
  const off_t size = lseek(output, 0, SEEK_END);
  std::string text(std::size_t(std::clamp<off_t>(size, 0, most)), '\0');
  const ssize_t n = pread(output, text.data(), text.size(), std::max<off_t>(size - most, 0));
  text.resize(std::size_t(std::max<ssize_t>(n, 0)));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  if (size > most && text.find('\n') != std::string::npos) text.erase(0, text.find('\n') + 1);
  for (std::size_t line = 0; (line = text.find('\n', line)) != std::string::npos; line += 5)
    text.replace(line, 1, "\n    ");
  return text.empty() ? text : "; its last output:\n    " + text;
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = sigabbrev_np(number);
    return "crashed (" + (name ? "SIG" + std::string(name) : "signal " + std::to_string(number)) +
           ") while loading";
  }
  return "ended the process (exit status " + std::to_string(WEXITSTATUS(status)) +
         ") while loading";
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw_system_error("waitpid");
  return status;
}

/// Works through the files from `first` on in one child. @return the first file that is left
std::size_t run_child(const std::vector<PluginFile>& files, std::size_t first,
                      std::chrono::milliseconds patience, Catalog& catalog) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_system_error("pipe");
  FileDescriptor from_child(ends[0]), to_host(ends[1]);
  FileDescriptor output(memfd_create("plugin output", MFD_CLOEXEC));
  if (output < 0) throw_system_error("memfd_create");
  const pid_t child = fork();
  if (child < 0) throw_system_error("fork");
  if (child == 0) be_the_child(files, first, to_host, output);
  to_host.reset();

  Messages messages(from_child);
  std::size_t next = first;
  std::string bytes;
  bool at_work = false;
  while (const auto event = messages.next(bytes, patience)) {
    at_work = *event == Event::started;
    if (at_work) continue;
    const PluginFile& file = files[next++];
    if (*event == Event::described)
      catalog.plugins.push_back(decode_plugin_info(bytes));
    else
      catalog.refusals.push_back({file.file, bytes, file.kind, file.name});
  }

  const bool too_late = messages.end() == Messages::End::too_late;
  if (too_late) kill(child, SIGKILL);
  const int status = wait_for(child);
  if (next == files.size()) return next;
  if (!at_work)
    throw Error("reading plugins: the process that maps them ended before its work: " +
                ending(status));
  const PluginFile& culprit = files[next++];
  const std::string reason =
      too_late
          ? "had not loaded after " + std::to_string(patience.count() / 1000.0).substr(0, 5) + " s"
          : ending(status);
  catalog.refusals.push_back({culprit.file,
                              culprit.file.string() + ": " + reason + last_lines(output),
                              culprit.kind, culprit.name});
  return next;
}

}  // namespace

void describe_in_child(const std::vector<PluginFile>& files, std::chrono::milliseconds deadline,
                       Catalog& catalog) {
  for (std::size_t next = 0; next < files.size();) next = run_child(files, next, deadline, catalog);
}

}  // namespace elbow
