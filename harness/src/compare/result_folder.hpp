#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "record/cell_summary.hpp"

namespace elbow {

/// A cell of plan.json that has no result yet.
struct MissingCell {
  std::string hash;
  std::string model, method;
  std::int64_t replicate = 0;
};

/// A pair of plan.json that was refused while planning.
struct ImpossiblePair {
  std::string model, method, reason;
};

/// What a result folder holds, measured against its plan.
struct ResultFolder {
  std::filesystem::path path;
  std::string name;   ///< of the folder
  std::string title;  ///< of the experiment; empty without plan.json
  std::string experiment_text;
  bool has_plan = false;
  std::vector<CellSummary> cells;  ///< in the order of the plan
  std::vector<MissingCell> missing;
  std::vector<std::filesystem::path> unreadable;  ///< files of missing cells, there but damaged
  std::vector<ImpossiblePair> impossible;
  std::vector<std::string> models, methods;  ///< names, in the order of the plan
  std::size_t left_out = 0;                  ///< cells in the folder that plan.json does not name
};

/// @throws Error when the folder is not there or is no result folder, or plan.json cannot be read.
ResultFolder read_result_folder(const std::filesystem::path& folder);

/// The same from what was read already. @param plan  plan.json's text; empty when there is none
ResultFolder arrange(const std::filesystem::path& folder, const std::string& plan,
                     std::vector<CellSummary> cells);

}  // namespace elbow
