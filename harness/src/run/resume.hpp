#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "record/cell_summary.hpp"
#include "run/provenance.hpp"

namespace elbow {

/// What the result folder holds for a cell before a run.
enum class Standing {
  cached,   ///< complete, not a failure, made by the same plugin files: not run again
  missing,  ///< no file, or one that is no complete cell file
  failed,   ///< its outcome was a failure
  stale,    ///< made by another build of one of its plugins
};

/// What is there for the cells of a list.
struct Inventory {
  std::vector<const Cell*> to_run;  ///< in the order of the list
  std::vector<const Cell*> complete;
  std::size_t cached = 0, missing = 0, failed = 0, stale = 0;
};

Standing standing_of(const Cell& cell, const CellSummary* summary, const PluginDigests& digests);

/// Time is linear in the cells of the list and of the folder.
/// @param summaries  the index of the result folder
Inventory take_inventory(const std::vector<const Cell*>& cells,
                         const std::vector<CellSummary>& summaries, const PluginDigests& digests);

}  // namespace elbow
