#include "compare/table.hpp"

#include <algorithm>
#include <set>

#include "compare/number_text.hpp"

namespace elbow {

namespace {

bool several_models(const std::vector<const ComparedRow*>& rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const ComparedRow* row) { return row->model != rows[0]->model; });
}

PrintedTable print_group(const Comparison& comparison,
                         const std::vector<const ComparedRow*>& rows) {
  PrintedTable table;
  table.title = comparison.by + ": " + rows[0]->group;
  const bool by_model = comparison.by == "model", by_method = comparison.by == "method";
  const bool show_model = !by_model && (by_method || several_models(rows));
  if (!by_model && !show_model) table.title += ", model: " + rows[0]->model;
  if (comparison.several_folders) table.columns.push_back("results");
  if (show_model) table.columns.push_back("model");
  if (!by_method) table.columns.push_back("method");
  table.labels = table.columns.size();
  table.columns.push_back("n");
  table.columns.push_back("outcome");

  std::vector<std::string> metrics;
  for (const MetricInfo& info : comparison.metrics) {
    const bool anywhere = std::any_of(rows.begin(), rows.end(), [&](const ComparedRow* row) {
      return row->metrics.count(info.name) > 0;
    });
    if (!anywhere) continue;
    metrics.push_back(info.name);
    table.columns.push_back(info.unit.empty() ? info.name : info.name + " [" + info.unit + "]");
  }

  for (const ComparedRow* row : rows) {
    std::vector<std::string> cells;
    if (comparison.several_folders) cells.push_back(row->folder);
    if (show_model) cells.push_back(row->model);
    if (!by_method) cells.push_back(row->method + (row->is_baseline ? " (baseline)" : ""));
    if (by_method && row->is_baseline) cells.back() += " (baseline)";
    cells.push_back(std::to_string(row->finished));
    cells.push_back(printed_outcomes(*row));
    for (const std::string& name : metrics) {
      const auto metric = row->metrics.find(name);
      cells.push_back(metric == row->metrics.end() ? "-" : printed_metric(metric->second));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string printed_metric(const MetricSummary& summary) {
  std::string text = number_with_error(summary.mean, summary.standard_error);
  if (summary.difference && summary.mean > 0) text = "+" + text;
  if (summary.source == ErrorSource::own) text += "*";
  if (summary.non_finite > 0)
    text += " [" + std::to_string(summary.finite) + "/" +
            std::to_string(summary.finite + summary.non_finite) + "]";
  return text;
}

std::string printed_outcomes(const ComparedRow& row) {
  std::vector<std::string> parts;
  for (const auto& [ending, count] : row.outcomes)
    parts.push_back(std::to_string(count) + " " + ending_name(ending));
  if (row.missing > 0) parts.push_back(std::to_string(row.missing) + " missing");
  return joined(parts);
}

std::vector<PrintedTable> printed_tables(const Comparison& comparison) {
  std::vector<PrintedTable> tables;
  std::vector<const ComparedRow*> group;
  for (std::size_t i = 0; i < comparison.rows.size(); ++i) {
    group.push_back(&comparison.rows[i]);
    if (i + 1 < comparison.rows.size() && comparison.rows[i + 1].group == group[0]->group) continue;
    tables.push_back(print_group(comparison, group));
    group.clear();
  }
  return tables;
}

std::vector<std::string> printed_notes(const Comparison& comparison) {
  bool own = false, partial = false, exact = false, unknown = false, failures = false;
  for (const ComparedRow& row : comparison.rows) {
    for (const auto& [ending, count] : row.outcomes) failures = failures || is_failure(ending);
    for (const auto& [name, metric] : row.metrics) {
      own = own || metric.source == ErrorSource::own;
      partial = partial || metric.non_finite > 0;
      exact = exact || (metric.standard_error == 0 && metric.source == ErrorSource::replicates);
      unknown = unknown || (metric.finite == 1 && metric.source == ErrorSource::none);
    }
  }
  std::vector<std::string> notes;
  if (!comparison.rows.empty())
    notes.push_back("n: replicates averaged; 1.23(4) is 1.23 with standard error 0.04" +
                    std::string(exact ? "; (0): equal in all replicates" : "") +
                    (unknown ? "; no parentheses: one replicate, error unknown" : ""));
  if (own) notes.push_back("*: one replicate; the error is the metric's own Monte-Carlo error");
  if (comparison.baseline)
    notes.push_back("differences to " + *comparison.baseline +
                    ", replicate by replicate on the same data; its own rows are not differences");
  if (partial)
    notes.push_back(std::string("[2/3]: the mean is of the 2 finite values of 3") +
                    (comparison.baseline ? "; a replicate without a partner is not finite" : ""));
  if (failures)
    notes.push_back("cells that crashed, failed or met a limit are counted and not averaged");
  if (!comparison.other_metrics.empty())
    notes.push_back("further metrics, shown with --metric: " + joined(comparison.other_metrics));
  notes.insert(notes.end(), comparison.notes.begin(), comparison.notes.end());
  for (const ImpossiblePair& pair : comparison.impossible)
    notes.push_back(pair.model + " / " + pair.method + ": impossible: " + pair.reason);
  return notes;
}

}  // namespace elbow
