#include "program.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "record/cell_summary.hpp"
#include "record/first_difference.hpp"

namespace elbow::test {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

template <class Wanted>
std::vector<fs::path> files_below(const fs::path& folder, const Wanted& wanted) {
  std::vector<fs::path> files;
  if (!exists(folder / "cells")) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "cells"))
    if (entry.is_regular_file() && wanted(entry.path().filename().string()))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Workplace::Workplace() {
  // In memory where there is such a place: what is tested does not depend on how slow a disk is.
  const fs::path memory = "/dev/shm";
  struct statvfs system;
  const bool fit = statvfs(memory.c_str(), &system) == 0 && !(system.f_flag & ST_NOEXEC) &&
                   access(memory.c_str(), W_OK) == 0;  // plugins are mapped from there
  const fs::path parent = fit ? memory : fs::temp_directory_path();
  std::string pattern = (parent / "elbow-e2e-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
}

Workplace::~Workplace() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

fs::path Workplace::write(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / name) << text;
  return folder_ / name;
}

fs::path Workplace::copy_of_plugins() const {
  fs::copy(ELBOW_E2E_PLUGINS, folder_ / "plugins", fs::copy_options::recursive);
  return folder_ / "plugins";
}

Program::Program(const fs::path& folder, const std::vector<std::string>& arguments,
                 const fs::path& plugins) {
  static int number = 0;
  output_ = fs::temp_directory_path() /
            ("elbow-e2e-output-" + std::to_string(getpid()) + "-" + std::to_string(++number));
  std::vector<std::string> words = {ELBOW_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::vector<std::string> of_results = {"compare", "report", "index"};  // need no plugins
  if (std::find(of_results.begin(), of_results.end(), arguments.at(0)) == of_results.end())
    words.insert(words.end(), {"--plugins", plugins.string()});
  std::vector<char*> call;
  for (std::string& word : words) call.push_back(word.data());
  call.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    // A shell that runs tests in the background ignores SIGINT for them.
    for (int ignored : {SIGINT, SIGTERM, SIGHUP}) ::signal(ignored, SIG_DFL);
    const int file = open(output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    if (chdir(folder.c_str()) != 0) _exit(126);
    execv(call[0], call.data());
    _exit(127);
  }
  REQUIRE(pid_ > 0);
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove(output_, ignored);
}

std::vector<pid_t> Program::workers() const {
  const std::string id = std::to_string(pid_);
  std::istringstream children(text_of("/proc/" + id + "/task/" + id + "/children"));
  std::vector<pid_t> all;
  for (pid_t child; children >> child;) all.push_back(child);
  return all;
}

void Program::signal(int number) const { kill(pid_, number); }

Ended Program::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of(output_)};
}

Ended elbow(const fs::path& folder, const std::vector<std::string>& arguments,
            const fs::path& plugins) {
  return Program(folder, arguments, plugins).wait();
}

std::string experiment(int repeats, const std::string& sampler_options, const std::string& limits,
                       const std::string& model_options) {
  return "seed = 7\nrepeats = " + std::to_string(repeats) + "\n[limits]\n" + limits +
         "\n[[model]]\nplugin = \"isotropic\"\n" + model_options +
         "\n[[method]]\nname = \"walk\"\nsampler = { plugin = \"moody\"" +
         (sampler_options.empty() ? "" : ", " + sampler_options) +
         " }\nchains = 2\nwarmup = 0\ndraws = 10\n";
}

std::vector<fs::path> cell_files(const fs::path& results) {
  return files_below(results, [](const std::string& name) {
    return name.front() != '.' && name.size() == 32 + 3 && name.substr(32) == ".h5";
  });
}

std::vector<fs::path> leftovers(const fs::path& results) {
  return files_below(results, [](const std::string& name) { return name.front() == '.'; });
}

void wait_for_cells(const fs::path& results, std::size_t count) {
  for (int i = 0; i < 12000; ++i) {
    if (cell_files(results).size() >= count) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("there were never " << count << " cells in " << results);
}

void require_complete_files(const fs::path& results) {
  for (const fs::path& file : cell_files(results)) REQUIRE_NOTHROW(read_summary(file));
}

void require_same_results(const fs::path& a, const fs::path& b) {
  const auto files_a = cell_files(a), files_b = cell_files(b);
  REQUIRE(files_a.size() == files_b.size());
  for (std::size_t i = 0; i < files_a.size(); ++i) {
    REQUIRE(files_a[i].filename() == files_b[i].filename());
    REQUIRE(first_difference(files_a[i], files_b[i]).value_or("") == "");
  }
}

}  // namespace elbow::test
