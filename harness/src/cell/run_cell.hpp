#pragma once

#include <csignal>
#include <filesystem>
#include <functional>

#include "cell/processors.hpp"
#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"
#include "record/outcome.hpp"

namespace elbow {

/// What a worker is given besides the cell.
struct CellContext {
  const Plan& plan;
  const Catalog& catalog;
  Json provenance;  ///< plugin digests, versions, host: stored with the cell
  /// Set by SIGTERM (the wall limit): end with timed_out, keep the draws so far.
  const volatile std::sig_atomic_t& stop_requested;
  /// Called when all that is left to do is to wait for the disk.
  std::function<void()> before_storing = [] {};
  /// Called when the method has ended because `stop_requested` was set, before its metrics.
  std::function<void()> after_stop = [] {};
  Processors processors = {};  ///< for chains in processes of their own
};

/// Runs one cell in this process: maps its plugins, runs, writes and commits `file`. Throws nothing
/// for what the experiment measures; std::bad_alloc and plugin exceptions become outcomes.
/// @return the outcome that it stored
Outcome run_cell(const CellContext& context, const Cell& cell, const std::filesystem::path& file);

/// Writes the file of a cell whose worker died (crashed, killed at its limit).
/// @param seconds  from the start of the worker to its end
void write_failed_cell(const CellContext& context, const Cell& cell,
                       const std::filesystem::path& file, const Outcome& outcome, double seconds);

}  // namespace elbow
