#pragma once

#include <chrono>
#include <functional>

#include "check/suites.hpp"

namespace elbow::check {

/// Is told what happens while checks run.
struct Listener {
  std::function<void(const std::string& suite, const std::string& check)> begins;
  std::function<void(const Finding&)> found;
};

/// How a suite ended.
enum class SuiteEnd { done, died, too_late };

/// Runs one suite in a child process, so that whatever the plugin does, the caller lives. A crash,
/// an exit or a check that outlasts its deadline ends the suite and is a failed finding under the
/// name of the check that was running. Must be called while this process has one thread only.
/// @param deadline  of each check
/// @throws Error when no child process can be made.
SuiteEnd run_isolated(const Suite& suite, const Bench& bench, std::chrono::seconds deadline,
                      const Listener& listener);

}  // namespace elbow::check
