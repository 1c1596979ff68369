#include "check/isolate.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <elbow/error.hpp>
#include <nlohmann/json.hpp>

#include "plugins/guarded_child.hpp"

namespace elbow::check {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

void write_line(int to, const Json& message) {
  const std::string line = message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (std::size_t written = 0; written < line.size();) {
    const ssize_t n = ::write(to, line.data() + written, line.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ::_exit(3);  // nobody listens any more
    written += std::size_t(n);
  }
}

/// What the child does: each check is announced by its name alone and followed by its outcome.
[[noreturn]] void run_child(const Suite& suite, const Bench& bench, int to) {
  Report report(
      [&](const std::string& name) {
        write_line(to, {{"name", name}});
      },
      [&](const std::string& name, const Outcome& outcome) {
        write_line(to,
                   {{"name", name}, {"verdict", int(outcome.verdict)}, {"detail", outcome.detail}});
      });
  try {
    suite.run(bench, report);
  } catch (const std::exception& error) {
    // Outside a single check: what the suite needs could not be made.
    const std::string text = error.what();
    report.check("the suite can be set up", [&] { return failed("an exception: ", text); });
  }
  ::_exit(0);
}

/// What the child says, handed on as it comes.
class Conversation {
 public:
  Conversation(const Suite& suite, const Listener& listener) : suite_(suite), listener_(listener) {}

  /// Follows the child to its end. @return whether every check ended before its deadline
  bool follow(int from, std::chrono::seconds deadline) {
    Clock::time_point end = Clock::now() + deadline;
    for (std::string text;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) return false;
      pollfd wanted{from, POLLIN, 0};
      const int ready = ::poll(&wanted, 1, int(std::min<long long>(left, 1000)));
      if (ready <= 0) continue;
      char buffer[4096];
      const ssize_t n = ::read(from, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return true;
      text.append(buffer, std::size_t(n));
      for (std::size_t line; (line = text.find('\n')) != std::string::npos;) {
        hear(Json::parse(text.substr(0, line)));
        text.erase(0, line + 1);
        end = Clock::now() + deadline;
      }
    }
  }

  /// The check that was announced and did not end; empty when there is none.
  const std::string& running() const { return running_; }

 private:
  void hear(const Json& message) {
    const std::string name = message.at("name");
    if (!message.contains("verdict")) {
      running_ = name;
      listener_.begins(suite_.name, name);
      return;
    }
    running_.clear();
    listener_.found(
        {suite_.name,
         name,
         {Verdict(message.at("verdict").get<int>()), message.at("detail").get<std::string>()}});
  }

  const Suite& suite_;
  const Listener& listener_;
  std::string running_;
};

std::string end_text(bool in_time, int status, std::chrono::seconds deadline) {
  if (!in_time)
    return say("not done after ", deadline.count(),
               " seconds (--deadline), and was stopped with the rest of its suite");
  if (WIFSIGNALED(status))
    return say("ended by signal ", WTERMSIG(status), " (", ::strsignal(WTERMSIG(status)), ")");
  if (WEXITSTATUS(status) != 0)
    return say("ended the process with exit status ", WEXITSTATUS(status));
  return "";
}

}  // namespace

SuiteEnd run_isolated(const Suite& suite, const Bench& bench, std::chrono::seconds deadline,
                      const Listener& listener) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0)
    throw Error(std::string("no pipe can be made: ") + std::strerror(errno));
  FileDescriptor from_child(pipe_ends[0]), to_host(pipe_ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw Error(std::string("no child process can be made: ") + std::strerror(errno));
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a plugin may loop, and nobody is left to stop it
    from_child.reset();
    run_child(suite, bench, to_host);
  }
  to_host.reset();
  Conversation conversation(suite, listener);
  const bool in_time = conversation.follow(from_child, deadline);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;

  const std::string& running = conversation.running();
  std::string end = end_text(in_time, status, deadline);
  if (end.empty() && !running.empty()) end = "ended the process with exit status 0";
  if (end.empty()) return SuiteEnd::done;
  listener.found({suite.name,
                  running.empty() ? "the suite comes to its end" : running,
                  {Verdict::failed, end}});
  return in_time ? SuiteEnd::died : SuiteEnd::too_late;
}

}  // namespace elbow::check
