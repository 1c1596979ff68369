#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// The program as a test calls it.
namespace elbow::test {

struct ProgramRun {
  int status;  ///< exit status; 128 + signal when it was killed
  std::string out, err;
};

/// Runs `elbow ARGUMENTS` through the shell, with nothing on its standard input.
inline ProgramRun run_program(const std::string& arguments) {
  namespace fs = std::filesystem;
  std::string name = (fs::temp_directory_path() / "elbow-run-XXXXXX").string();
  const fs::path folder = mkdtemp(name.data());
  const fs::path out = folder / "out", err = folder / "err";
  const std::string command = std::string(ELBOW_PROGRAM) + " " + arguments + " </dev/null >" +
                              out.string() + " 2>" + err.string();
  const int status = std::system(command.c_str());
  const auto text = [](const fs::path& file) {
    std::ifstream stream(file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  ProgramRun run{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text(out),
                 text(err)};
  fs::remove_all(folder);
  return run;
}

}  // namespace elbow::test
