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
  std::string name;  ///< of the folder, with as much of its path as tells it from others
  int times_given = 1;
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

/// Several of them. One that is given again, by whatever spelling, is read once. Names are the
/// shortest ends of the paths that differ: `r1/grid` and `r2/grid`.
std::vector<ResultFolder> read_result_folders(const std::vector<std::filesystem::path>& folders);

/// The shortest ends of paths, by components, that tell each from all the others.
/// @param paths  absolute, normal, all different
std::vector<std::string> distinguishing_names(const std::vector<std::filesystem::path>& paths);

/// The same as `read_result_folder` from what was read already. @param plan  plan.json's text;
/// empty when there is none
ResultFolder arrange(const std::filesystem::path& folder, const std::string& plan,
                     std::vector<CellSummary> cells);

}  // namespace elbow
