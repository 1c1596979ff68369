#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace elbow::test {

/// A folder that goes with the test, and the experiments and results in it.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  /// Writes a text file. @return its path
  std::filesystem::path write(const std::string& name, const std::string& text) const;
  /// A copy of the tests' plugins that a test may change.
  std::filesystem::path copy_of_plugins() const;

 private:
  std::filesystem::path folder_;
};

/// How a program ended.
struct Ended {
  int status;          ///< of its exit; 128 + the number of the signal that ended it
  std::string output;  ///< what it printed to stdout and stderr
};

/// A running `elbow`, with the tests' plugins. Killed when it goes out of scope.
class Program {
 public:
  /// @param folder  the current directory of the program
  Program(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
          const std::filesystem::path& plugins = ELBOW_E2E_PLUGINS);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  /// Its child processes.
  std::vector<pid_t> workers() const;
  void signal(int number) const;
  Ended wait();

 private:
  std::filesystem::path output_;
  pid_t pid_;
};

/// Runs the program to its end.
Ended elbow(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
            const std::filesystem::path& plugins = ELBOW_E2E_PLUGINS);

/// An experiment on the tests' plugins.
std::string experiment(int repeats, const std::string& sampler_options = "",
                       const std::string& limits = "", const std::string& model_options = "");

/// The complete cell files below a result folder.
std::vector<std::filesystem::path> cell_files(const std::filesystem::path& results);
/// Temporary files below a result folder.
std::vector<std::filesystem::path> leftovers(const std::filesystem::path& results);

/// Waits until a result folder has so many cells. Fails the test after a minute.
void wait_for_cells(const std::filesystem::path& results, std::size_t count);

/// Requires that every cell file is complete and readable.
void require_complete_files(const std::filesystem::path& results);
/// Requires that two result folders have the same cells with the same bits.
void require_same_results(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace elbow::test
