#include <cmath>

#include "compare/number_text.hpp"
#include "compare/table.hpp"

namespace elbow {

namespace {

using Json = nlohmann::ordered_json;

const char* source_name(ErrorSource source) {
  switch (source) {
    case ErrorSource::replicates:
      return "replicates";
    case ErrorSource::own:
      return "monte_carlo";
    case ErrorSource::none:
      break;
  }
  return "none";
}

/// JSON knows no NaN and no infinity.
Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_row(const Comparison& comparison, const ComparedRow& row, const MetricInfo& info,
              const MetricSummary& metric) {
  Json object;
  if (comparison.several_folders) object["results"] = row.folder;
  if (comparison.by != "model" && comparison.by != "method") object[comparison.by] = row.group;
  object["model"] = row.model;
  object["method"] = row.method;
  object["metric"] = info.name;
  object["unit"] = info.unit;
  object["mean"] = finite_or_null(metric.mean);
  object["standard_error"] = finite_or_null(metric.standard_error);
  object["error_source"] = source_name(metric.source);
  object["text"] = printed_metric(metric);
  object["n"] = metric.finite;
  object["non_finite"] = metric.non_finite;
  object["difference"] = metric.difference;
  return object;
}

}  // namespace

std::string csv_escaped(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

std::string csv_rows(const Comparison& comparison) {
  const bool grouped = comparison.by != "model" && comparison.by != "method";
  std::string out = comparison.several_folders ? "results," : "";
  if (grouped) out += csv_escaped(comparison.by) + ",";
  out +=
      "model,method,metric,unit,mean,standard_error,error_source,n,non_finite,difference,outcomes,"
      "text\n";
  const auto begin_line = [&](const ComparedRow& row) {
    if (comparison.several_folders) out += csv_escaped(row.folder) + ",";
    if (grouped) out += csv_escaped(row.group) + ",";
    out += csv_escaped(row.model) + "," + csv_escaped(row.method) + ",";
  };
  for (const ComparedRow& row : comparison.rows) {
    const std::string outcomes = csv_escaped(printed_outcomes(row));
    for (const MetricInfo& info : comparison.metrics) {
      const auto found = row.metrics.find(info.name);
      if (found == row.metrics.end()) continue;
      const MetricSummary& metric = found->second;
      begin_line(row);
      out += csv_escaped(info.name) + "," + csv_escaped(info.unit) + "," +
             exact_number(metric.mean) + "," + exact_number(metric.standard_error) + "," +
             source_name(metric.source) + "," + std::to_string(metric.finite) + "," +
             std::to_string(metric.non_finite) + "," + (metric.difference ? "true" : "false") +
             "," + outcomes + "," + csv_escaped(printed_metric(metric)) + "\n";
    }
    // A row whose cells all failed has its line too.
    if (row.metrics.empty()) {
      begin_line(row);
      out += ",,nan,nan,none,0,0,false," + outcomes + ",\n";
    }
  }
  return out;
}

std::string json_document(const Comparison& comparison) {
  Json document;
  document["by"] = comparison.by;
  document["baseline"] = comparison.baseline ? Json(*comparison.baseline) : Json(nullptr);
  document["metrics"] = Json::array();
  for (const MetricInfo& info : comparison.metrics)
    document["metrics"].push_back({{"name", info.name}, {"unit", info.unit}, {"help", info.help}});
  document["cells"] = Json::array();
  document["rows"] = Json::array();
  for (const ComparedRow& row : comparison.rows) {
    Json cells;
    if (comparison.several_folders) cells["results"] = row.folder;
    cells["model"] = row.model;
    cells["method"] = row.method;
    cells["finished"] = row.finished;
    cells["missing"] = row.missing;
    cells["outcomes"] = Json::object();
    for (const auto& [ending, count] : row.outcomes) cells["outcomes"][ending_name(ending)] = count;
    document["cells"].push_back(std::move(cells));
    for (const MetricInfo& info : comparison.metrics)
      if (const auto metric = row.metrics.find(info.name); metric != row.metrics.end())
        document["rows"].push_back(json_row(comparison, row, info, metric->second));
  }
  document["impossible"] = Json::array();
  for (const ImpossiblePair& pair : comparison.impossible)
    document["impossible"].push_back(
        {{"model", pair.model}, {"method", pair.method}, {"reason", pair.reason}});
  document["notes"] = comparison.notes;
  // Names in files need not be UTF-8.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace elbow
