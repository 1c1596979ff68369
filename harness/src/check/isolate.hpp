#pragma once

#include <chrono>

#include "check/suites.hpp"

namespace elbow::check {

/// Runs one suite in a child process, so that whatever the plugin does, the caller lives. A crash,
/// an exit or a suite that outlasts its deadline becomes a failed finding under the name of the
/// check that was running. Must be called while this process has one thread only.
/// @throws Error when no child process can be made.
std::vector<Finding> run_isolated(const Suite& suite, const Bench& bench,
                                  std::chrono::seconds deadline);

}  // namespace elbow::check
