#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plugins/plugin_info.hpp"
#include "run/scheduler.hpp"

namespace elbow {

/// The cells of a result folder that can be repeated, and how many cannot.
struct Repeatable {
  std::vector<const Cell*> cells;
  std::size_t missing = 0;  ///< never run
  std::size_t failed = 0;   ///< ended by the machine or by a fault, at a moment of its own
  std::size_t timed = 0;    ///< with a budget in seconds, which ends at a moment of its own
};

/// @param cells  of the plan, to choose from
Repeatable repeatable_cells(const Plan& plan, const std::filesystem::path& folder,
                            const std::vector<const Cell*>& cells);

/// A cell that did not give the same results again.
struct Deviation {
  const Cell* cell;
  std::string difference;  ///< the first one
  bool rebuilt;            ///< one of its plugins is another build now
};

struct VerificationResult {
  std::size_t compared = 0;
  std::vector<Deviation> deviations;
  int interrupted_by = 0;
  std::string error;  ///< why it ended early; else empty
};

/// Runs cells again in a temporary folder and compares their files with those of `folder`.
/// @param catalog  with digests
VerificationResult verify_cells(const Plan& plan, const Catalog& catalog,
                                const std::filesystem::path& folder,
                                const std::vector<const Cell*>& cells,
                                const ScheduleSettings& settings,
                                const std::function<void(const ScheduleState&)>& report);

}  // namespace elbow
