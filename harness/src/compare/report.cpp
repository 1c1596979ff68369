#include "compare/report.hpp"

#include <algorithm>
#include <map>

#include "compare/calibration.hpp"
#include "compare/plot_svg.hpp"
#include "compare/rate_distortion.hpp"
#include "compare/table.hpp"
#include "record/result_reader.hpp"

namespace elbow {

namespace {

/// What one plot can show before it is a thicket.
constexpr std::size_t most_lines = 60;
constexpr std::size_t most_methods = 16;
constexpr std::size_t most_elements = 16;
constexpr std::size_t most_outside = 20;

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #5b6672; --rule: #d8dee4;
  --c0: #0b62b8; --c1: #b8450b; --c2: #1a7f4b; --c3: #8a3ab9; --c4: #a3720a; --c5: #0b8390; --c6: #b3245f; --c7: #56606b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --paper: #15181c; --soft: #9aa5b1; --rule: #333a42;
  --c0: #6cb2ff; --c1: #ff9a5c; --c2: #5fd08f; --c3: #c99bf0; --c4: #e6b84a; --c5: #4fc9d6; --c6: #ff85b4; --c7: #aab4bf; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid var(--rule); } h3 { font-size: 1rem; margin-bottom: .3rem; }
p.soft, figcaption, .notes { color: var(--soft); font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; margin: .5rem 0 1rem; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th.text, td.text { text-align: left; } td.text { min-width: 7.5rem; max-width: 26rem; white-space: normal; }
pre { background: color-mix(in srgb, var(--ink) 6%, transparent); padding: 1rem; overflow-x: auto; font-size: .85rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; } .plots.small { grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); } figure { margin: 0; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--soft); stroke: none; }
svg .grid { stroke: var(--rule); } svg polyline { fill: none; stroke-width: 1.5; } svg .whisker { stroke-width: 2; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .9rem; }
.legend span { display: inline-block; width: 1.4rem; border-top-width: 3px; border-top-style: solid; vertical-align: middle; margin-right: .4rem; }
.dashed polyline, .dashed line { stroke-dasharray: 5 3; } .legend .dashed { border-top-style: dashed; }
.c0 { stroke: var(--c0); fill: var(--c0); border-color: var(--c0); } .c1 { stroke: var(--c1); fill: var(--c1); border-color: var(--c1); }
.c2 { stroke: var(--c2); fill: var(--c2); border-color: var(--c2); } .c3 { stroke: var(--c3); fill: var(--c3); border-color: var(--c3); }
.c4 { stroke: var(--c4); fill: var(--c4); border-color: var(--c4); } .c5 { stroke: var(--c5); fill: var(--c5); border-color: var(--c5); }
.c6 { stroke: var(--c6); fill: var(--c6); border-color: var(--c6); } .c7 { stroke: var(--c7); fill: var(--c7); border-color: var(--c7); }
)";

std::string element(const std::string& tag, const std::string& text) {
  return "<" + tag + ">" + html_escaped(text) + "</" + tag + ">\n";
}

std::string html_table(const PrintedTable& table) {
  const auto is_text = [&](std::size_t column) {
    return column < table.labels || column == table.labels + 1;
  };
  std::string out = "<div class=\"wide\"><table>\n<thead><tr>";
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    out.append(is_text(i) ? "<th class=\"text\">" : "<th>")
        .append(html_escaped(table.columns[i]))
        .append("</th>");
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out.append(is_text(i) ? "<td class=\"text\">" : "<td>")
          .append(html_escaped(row[i]))
          .append("</td>");
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string outcome_overview(const ResultFolder& folder) {
  std::map<Ending, std::size_t> counts;
  for (const CellSummary& cell : folder.cells) ++counts[cell.outcome.ending];
  PrintedTable table{"", {"outcome", "cells"}, 1, {}};
  for (const auto& [ending, count] : counts)
    table.rows.push_back({ending_name(ending), std::to_string(count)});
  if (!folder.missing.empty())
    table.rows.push_back({"missing", std::to_string(folder.missing.size())});
  return html_table(table);
}

/// The methods of one model in the order of the plan, and the cells of each.
struct MethodCells {
  std::string method;
  std::vector<const CellSummary*> cells;
};

std::vector<MethodCells> methods_of(const ResultFolder& folder, const std::string& model) {
  std::vector<MethodCells> methods;
  std::map<std::string, std::vector<const CellSummary*>> by_method;
  for (const CellSummary& cell : folder.cells)
    if (cell.model == model) by_method[cell.method].push_back(&cell);
  for (const std::string& method : folder.methods)
    if (const auto found = by_method.find(method); found != by_method.end())
      methods.push_back({method, found->second});
  return methods;
}

std::string legend(const std::vector<MethodCells>& methods, std::size_t shown) {
  std::string out = "<ul class=\"legend\">";
  for (std::size_t m = 0; m < shown; ++m)
    out += "<li><span class=\"c" + std::to_string(m % plot_colours) +
           (m / plot_colours % 2 == 1 ? " dashed" : "") + "\"></span>" +
           html_escaped(methods[m].method) + "</li>";
  return out + "</ul>\n";
}

std::vector<double> numbers(const Eigen::VectorXd& values) {
  return {values.data(), values.data() + values.size()};
}

/// What plots could not show, once each.
class OutsideNote {
 public:
  void add(const Plot& plot, const std::string& prefix = "") {
    for (const std::string& text : plot.outside) {
      const std::string entry = prefix + text;
      if (std::find(entries_.begin(), entries_.end(), entry) == entries_.end())
        entries_.push_back(entry);
    }
  }
  std::string html() const {
    if (entries_.empty()) return "";
    std::string text = "Outside of the axis (triangles at the edge) or not finite: ";
    for (std::size_t i = 0; i < std::min(entries_.size(), most_outside); ++i)
      text += (i > 0 ? "; " : "") + entries_[i];
    if (entries_.size() > most_outside)
      text += "; and " + std::to_string(entries_.size() - most_outside) + " more";
    return "<p class=\"soft\">" + html_escaped(text) + ".</p>\n";
  }

 private:
  std::vector<std::string> entries_;
};

/// The ELBO at the checkpoints of one cell, against iterations and against seconds.
void add_lines(const ResultFolder& folder, const CellSummary& cell, std::size_t colour,
               std::vector<PlotLine>& by_iteration, std::vector<PlotLine>& by_seconds) {
  const auto file = folder.path / cell.path;
  const auto checkpoints = read_rows(file, "vi_checkpoints", "iteration");
  if (!checkpoints || checkpoints->columns.count("elbo") == 0) return;
  PlotLine line;
  line.label = cell.method + ", replicate " + std::to_string(cell.replicate);
  line.colour = colour;
  line.settled = is_settled(cell.outcome.ending);
  line.y = numbers(checkpoints->columns.at("elbo"));
  if (const auto error = checkpoints->columns.find("elbo_mcse");
      error != checkpoints->columns.end())
    line.error = numbers(error->second);
  line.x = numbers(checkpoints->coordinate);
  by_iteration.push_back(line);
  const auto timing = read_rows(file, "timing", "iteration");
  if (!timing || timing->columns.count("checkpoint_seconds") == 0) return;
  line.x = numbers(timing->columns.at("checkpoint_seconds"));
  if (line.x.size() == line.y.size()) by_seconds.push_back(std::move(line));
}

std::string traces(const ResultFolder& folder, const std::vector<MethodCells>& methods) {
  std::vector<PlotLine> by_iteration, by_seconds;
  std::size_t left_out = 0;
  for (std::size_t m = 0; m < methods.size(); ++m)
    for (const CellSummary* cell : methods[m].cells) {
      if (by_iteration.size() < most_lines && m < most_methods)
        add_lines(folder, *cell, m, by_iteration, by_seconds);
      else
        ++left_out;
    }
  const Plot iterations = line_plot({"iterations", true}, "ELBO [nats]", by_iteration);
  const Plot seconds = line_plot({"seconds", true}, "ELBO [nats]", by_seconds);
  if (iterations.svg.empty() && seconds.svg.empty()) return "";
  OutsideNote outside;
  std::string out = "<h3>ELBO along the way</h3>\n<div class=\"plots\">\n";
  for (const Plot* plot : {&iterations, &seconds}) {
    if (!plot->svg.empty()) out += "<figure>" + plot->svg + "</figure>\n";
    outside.add(*plot);
  }
  out +=
      "</div>\n<p class=\"soft\">From fresh draws at checkpoints; bars are one Monte-Carlo "
      "standard error, one line per replicate. Beginnings far off are cut off.";
  if (left_out > 0) out += " " + std::to_string(left_out) + " more cells are not drawn.";
  return out + "</p>\n" + outside.html();
}

/// Each method's first finished replicate; the data of all of them are the same.
std::string marginals(const ResultFolder& folder, const std::vector<MethodCells>& methods) {
  std::map<std::int64_t, std::size_t> finished;
  for (const MethodCells& method : methods)
    for (const CellSummary* cell : method.cells)
      if (!is_failure(cell->outcome.ending) && cell->outcome.ending != Ending::skipped)
        ++finished[cell->replicate];
  if (finished.empty()) return "";
  const auto best = std::max_element(finished.begin(), finished.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  std::vector<std::string> names;
  std::map<std::string, std::vector<PlotInterval>> intervals;
  std::size_t total = 0;
  for (std::size_t m = 0; m < std::min(methods.size(), most_methods); ++m)
    for (const CellSummary* cell : methods[m].cells) {
      if (cell->replicate != best->first || cell->outcome.ending == Ending::skipped ||
          is_failure(cell->outcome.ending))
        continue;
      const Marginals read = read_marginals(folder.path / cell->path, "posterior", most_elements);
      total = std::max(total, read.total);
      for (const MarginalMoments& moments : read.elements) {
        if (intervals.count(moments.name) == 0) names.push_back(moments.name);
        intervals[moments.name].push_back(
            {m, methods[m].method, moments.mean, moments.sd, is_settled(cell->outcome.ending)});
      }
    }
  if (names.empty()) return "";
  std::string out =
      "<h3>Posterior means and standard deviations</h3>\n<div class=\"plots small\">\n";
  OutsideNote outside;
  for (const std::string& name : names) {
    const Plot plot = interval_plot(intervals[name]);
    out += "<figure><figcaption>" + html_escaped(name) + "</figcaption>" + plot.svg + "</figure>\n";
    outside.add(plot, name + ", ");
  }
  out += "</div>\n<p class=\"soft\">Of the stored draws of replicate " +
         std::to_string(best->first) +
         "; a line is mean &#177; sd, from top to bottom in the order "
         "of the legend.";
  if (total > names.size())
    out += " The first " + std::to_string(names.size()) + " of " + std::to_string(total) +
           " quantities.";
  return out + "</p>\n" + outside.html();
}

std::string model_section(const ResultFolder& folder, const PrintedTable& table,
                          const std::string& model, const std::string& below_table) {
  const std::vector<MethodCells> methods = methods_of(folder, model);
  std::string out = element("h2", model) + html_table(table) + below_table;
  const std::string plots = traces(folder, methods) + marginals(folder, methods);
  if (plots.empty()) return out;
  out += legend(methods, std::min(methods.size(), most_methods));
  if (methods.size() > most_methods)
    out += "<p class=\"soft\">Plots show the first " + std::to_string(most_methods) + " of " +
           std::to_string(methods.size()) + " methods.</p>\n";
  return out + plots;
}

}  // namespace

std::string html_report(const ResultFolder& folder) {
  const Comparison comparison = compare({folder}, {});
  const std::string title = folder.title.empty() ? folder.name : folder.title;
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
      element("title", title) + "<style>" + style + "</style>\n</head>\n<body>\n" +
      element("h1", title);
  out += "<p class=\"soft\">Results of " + html_escaped(folder.name) + ", " +
         std::to_string(folder.cells.size() + folder.missing.size()) + " cells.</p>\n";
  out += outcome_overview(folder);
  const std::vector<Calibration> calibrated = calibrations({folder});
  const std::vector<RateDistortion> curves = rate_distortions({folder});
  const std::vector<PrintedTable> tables = printed_tables(comparison);
  std::size_t next = 0;
  for (const PrintedTable& table : tables) {
    // Tables are by model: their rows have its name.
    const std::string& model = comparison.rows[next].model;
    out += model_section(folder, table, model,
                         calibration_html(calibrated, model) + rate_distortion_html(curves, model));
    next += table.rows.size();
  }
  out += "<h2>Notes</h2>\n<ul class=\"notes\">\n";
  for (const std::string& note : printed_notes(comparison)) out += element("li", note);
  out += "</ul>\n";
  if (!folder.experiment_text.empty())
    out += "<h2>Experiment</h2>\n<pre>" + html_escaped(folder.experiment_text) + "</pre>\n";
  if (!folder.cells.empty())
    out += "<h2>Made with</h2>\n<pre>" +
           html_escaped(folder.cells.front().provenance.dump(
               2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) +
           "</pre>\n";
  return out + "</body>\n</html>\n";
}

}  // namespace elbow
