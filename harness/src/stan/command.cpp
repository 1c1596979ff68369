#include "stan/command.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <elbow/error.hpp>

namespace elbow {
namespace {

[[noreturn]] void cannot_run(const std::string& program, int reason) {
  throw Error("\"" + program + "\" cannot be run: " + std::strerror(reason));
}

/// The child's side: becomes the command, or sends the reason why not.
[[noreturn]] void become(const std::vector<std::string>& words, const std::filesystem::path& folder,
                         int output, int reasons) {
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  for (const char* name : {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}) unsetenv(name);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  if (chdir(folder.c_str()) == 0) execvp(arguments[0], arguments.data());
  const int reason = errno;
  if (write(reasons, &reason, sizeof reason) < 0) _exit(126);
  _exit(127);
}

std::string read_all(int from) {
  std::string text;
  char block[16384];
  for (ssize_t n; (n = read(from, block, sizeof block)) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    text.append(block, std::size_t(n));
  }
  close(from);
  return text;
}

}  // namespace

CommandEnd run_command(const std::vector<std::string>& words, const std::filesystem::path& folder) {
  int output[2], reasons[2];
  if (pipe2(output, O_CLOEXEC) != 0) cannot_run(words[0], errno);
  if (pipe2(reasons, O_CLOEXEC) != 0) {
    const int reason = errno;
    close(output[0]), close(output[1]);
    cannot_run(words[0], reason);
  }
  const pid_t child = fork();
  if (child == 0) become(words, folder, output[1], reasons[1]);
  const int fork_error = errno;
  close(output[1]), close(reasons[1]);
  CommandEnd end;
  end.output = read_all(output[0]);
  const std::string reason = read_all(reasons[0]);
  if (child < 0) cannot_run(words[0], fork_error);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (int number; reason.size() == sizeof number) {
    std::memcpy(&number, reason.data(), sizeof number);
    cannot_run(words[0], number);
  }
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

}  // namespace elbow
