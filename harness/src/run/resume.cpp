#include "run/resume.hpp"

#include <unordered_map>

namespace elbow {

Standing standing_of(const Cell& cell, const CellSummary* summary, const PluginDigests& digests) {
  if (!summary) return Standing::missing;
  if (is_failure(summary->outcome.ending)) return Standing::failed;
  return digests.match(cell, summary->provenance) ? Standing::cached : Standing::stale;
}

Inventory take_inventory(const std::vector<const Cell*>& cells,
                         const std::vector<CellSummary>& summaries, const PluginDigests& digests) {
  std::unordered_map<std::string, const CellSummary*> by_hash;
  for (const CellSummary& summary : summaries) by_hash.emplace(summary.hash, &summary);
  Inventory inventory;
  for (const Cell* cell : cells) {
    const auto found = by_hash.find(cell->hash);
    const Standing standing =
        standing_of(*cell, found == by_hash.end() ? nullptr : found->second, digests);
    switch (standing) {
      case Standing::cached:
        ++inventory.cached;
        inventory.complete.push_back(cell);
        continue;
      case Standing::missing:
        ++inventory.missing;
        break;
      case Standing::failed:
        ++inventory.failed;
        break;
      case Standing::stale:
        ++inventory.stale;
        break;
    }
    inventory.to_run.push_back(cell);
  }
  return inventory;
}

}  // namespace elbow
