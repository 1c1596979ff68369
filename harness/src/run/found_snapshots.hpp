#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "run/provenance.hpp"

namespace elbow {

/// What an interrupted run has left of a cell that is to be run.
struct FoundSnapshot {
  const Cell* cell;
  Index iteration = 0;  ///< from which its fit goes on
  std::string refusal;  ///< why it starts anew all the same; empty where it goes on
};

/// Reads the snapshots of a result folder. Those of complete cells are removed, those of cells that
/// the run does not have are left alone.
/// @param to_run, cached  the run's cells, those that are complete being `cached`
std::vector<FoundSnapshot> find_snapshots(const std::filesystem::path& folder,
                                          const std::vector<const Cell*>& to_run,
                                          const std::vector<const Cell*>& cached,
                                          const PluginDigests& digests, const Json& provenance);

}  // namespace elbow
