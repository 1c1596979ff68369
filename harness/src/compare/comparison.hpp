#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compare/metric_summary.hpp"
#include "compare/result_folder.hpp"

namespace elbow {

/// What is asked of a comparison.
struct CompareRequest {
  std::string by = "model";             ///< one table per value of this: model, method or an option
  std::vector<std::string> metrics;     ///< empty: the key metrics, or all (see `every_metric`)
  std::vector<std::string> where;       ///< k=v, see select_cells
  std::optional<std::string> baseline;  ///< a method: the others as differences to it
  bool every_metric = false;            ///< without `metrics`: all, rather than the key ones
};

/// One model and method, over its replicates.
struct ComparedRow {
  std::string folder;  ///< name of the result folder, see ResultFolder::name
  std::string model, method;
  std::string group;  ///< the value of what `by` names; "(without)" where there is none
  std::map<Ending, int> outcomes;
  int finished = 0;  ///< cells that ended by themselves: their metrics are averaged
  int missing = 0;   ///< planned cells without a result
  bool is_baseline = false;
  std::map<std::string, MetricSummary> metrics;
};

struct MetricInfo {
  std::string name, unit, help;
};

/// Rows are in the order of the plan within their group, groups in order of first appearance.
struct Comparison {
  std::string by;
  bool several_folders = false;
  std::optional<std::string> baseline;
  std::vector<MetricInfo> metrics;
  std::vector<std::string> other_metrics;  ///< there are, but not asked for
  std::vector<ComparedRow> rows;
  std::vector<ImpossiblePair> impossible;
  /// What a reader must know beside the table: failures with their reasons, what is missing, what
  /// was left out, what cells doubt of their own results. One sentence each.
  std::vector<std::string> notes;
};

/// Averages over replicates. Cells that failed (crashed, failed, timed_out, out_of_memory) or were
/// skipped are counted in the outcomes and do not enter averages.
/// @throws Error for a metric, key, value or baseline that is not there, with the nearest name.
Comparison compare(const std::vector<ResultFolder>& folders, const CompareRequest& request);

}  // namespace elbow
