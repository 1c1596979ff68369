#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace elbow {

/// The rows of one group, as people read them.
struct PrintedTable {
  std::string title;                 ///< e.g. "model: funnel"
  std::vector<std::string> columns;  ///< headers
  std::size_t labels = 0;            ///< the first columns, which name the row
  std::vector<std::vector<std::string>> rows;
};

std::vector<PrintedTable> printed_tables(const Comparison& comparison);

/// A metric's mean with its error; `*` behind the error of a single replicate, and `[2/3]` where
/// two of three values are finite. Differences to the baseline have a sign.
std::string printed_metric(const MetricSummary& summary);

/// "2 budget_spent, 1 crashed, 1 missing"
std::string printed_outcomes(const ComparedRow& row);

/// The sentences below the tables: what the signs in them mean, the notes, the impossible pairs.
std::vector<std::string> printed_notes(const Comparison& comparison);

/// Tables for a terminal; wider ones than `width` columns are broken into blocks of metrics.
std::string text_tables(const Comparison& comparison, std::size_t width = 120);
/// One `tabular` per group, without packages; all text is escaped.
std::string latex_tables(const Comparison& comparison);
/// One line per row and metric, RFC 4180, with a header line; without the notes.
std::string csv_rows(const Comparison& comparison);
/// One object with all rows and notes; numbers that are not finite are null, beside their text.
std::string json_document(const Comparison& comparison);

/// Text with LaTeX's special characters made harmless.
std::string latex_escaped(const std::string& text);
/// A field of a CSV file, in quotes where it needs them.
std::string csv_escaped(const std::string& text);

}  // namespace elbow
