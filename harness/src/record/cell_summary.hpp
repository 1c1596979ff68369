#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "record/cell_writer.hpp"

namespace elbow {

/// What the index keeps of a cell file; also what resume and compare need to know.
struct CellSummary {
  std::string hash;
  std::string experiment;
  std::string model, method;  ///< names of the variants
  std::int64_t replicate = 0;
  nlohmann::ordered_json
      configuration;  ///< the attribute `configuration`: resolved model, method, seed
  nlohmann::ordered_json
      provenance;  ///< the attribute `provenance`: plugin digests, versions, host
  Outcome outcome;
  std::map<std::string, Metric> metrics;
  std::filesystem::path path;  ///< relative to the experiment's result folder
  /// Whether the folder's plan.json has the cell; true where there is no plan. False for what an
  /// earlier version of the experiment left behind. Known to the index only.
  bool planned = true;
};

/// Reads the summary out of one cell file.
/// @throws Error naming the file when it is not a complete cell file.
CellSummary read_summary(const std::filesystem::path& cell_file);

/// The index of a result folder (results/<experiment>): read from index.h5 where that is up to date
/// with the cell files and the plan, and rebuilt from them (and rewritten, atomically) where it is
/// not. A plan.json that cannot be parsed counts as none.
std::vector<CellSummary> read_index(const std::filesystem::path& folder);
/// Rebuilds index.h5 from the cell files. Files that cannot be read are named in `unreadable`.
std::vector<CellSummary> rebuild_index(const std::filesystem::path& folder,
                                       std::vector<std::string>& unreadable);

}  // namespace elbow
