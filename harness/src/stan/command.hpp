#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace elbow {

/// How a command ended.
struct CommandEnd {
  int status = 0;      ///< exit status; 128 + signal when it was killed
  std::string output;  ///< all that it printed, on both outputs, as it came
};

/// Runs a command in a folder and waits for its end, with nothing on its standard input and without
/// what a surrounding `make` has left in the environment.
/// @param words  the program, looked up in $PATH, and its arguments
/// @throws Error when it cannot be started; the text names it and the system's reason.
CommandEnd run_command(const std::vector<std::string>& words, const std::filesystem::path& folder);

}  // namespace elbow
