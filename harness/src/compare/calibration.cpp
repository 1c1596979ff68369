#include "compare/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>

#include "compare/plot_svg.hpp"
#include "record/result_reader.hpp"

namespace elbow {
namespace {

constexpr std::size_t most_in_text = 4, most_drawn = 24;

Index calibration_draws(const CellSummary& cell) {
  const auto evaluation = cell.configuration.find("evaluation");
  return evaluation == cell.configuration.end() ? 0
                                                : evaluation->value("calibration_draws", Index(0));
}

double smaller_p(const Uniformity& test) { return std::fmin(test.chi_square_p, test.ecdf_p); }

Calibration calibration_of(const ResultFolder& folder,
                           const std::vector<const CellSummary*>& cells) {
  Calibration result{folder.name,
                     cells.front()->model,
                     cells.front()->method,
                     calibration_draws(*cells.front()),
                     0,
                     0,
                     {}};
  std::vector<std::string> names;
  std::map<std::string, std::vector<Index>> ranks;
  for (const CellSummary* cell : cells) {
    const auto numbers = read_numbers(folder.path / cell->path, "calibration_rank");
    ++(numbers.empty() ? result.without : result.simulations);
    for (const NamedNumber& number : numbers) {
      if (std::isnan(number.value)) continue;
      const auto [place, is_new] = ranks.try_emplace(number.name);
      if (is_new) names.push_back(number.name);
      place->second.push_back(Index(number.value));
    }
  }
  for (const std::string& name : names)
    result.variables.push_back({name, uniformity(ranks[name], result.draws)});
  return result;
}

std::string p_text(double p) {
  char text[32];
  std::snprintf(text, sizeof text, p < 1e-3 ? "%.1e" : "%.3f", p);
  return text;
}

/// Bars of eighths, four of which are what is expected.
std::string sparkline(const std::vector<Index>& histogram) {
  static const char* const bars[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                     "\u2585", "\u2586", "\u2587", "\u2588"};
  double total = 0;
  for (const Index count : histogram) total += double(count);
  std::string text;
  for (const Index count : histogram) {
    const double level = total > 0 ? 4 * double(count) * double(histogram.size()) / total : 0;
    text += bars[std::size_t(std::clamp(std::lround(level), 0l, 8l))];
  }
  return text;
}

/// The least uniform ones first.
std::vector<const RankedVariable*> by_p(const Calibration& calibration, std::size_t most) {
  std::vector<const RankedVariable*> sorted;
  for (const RankedVariable& variable : calibration.variables) sorted.push_back(&variable);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return smaller_p(a->test) < smaller_p(b->test);
  });
  if (sorted.size() > most) sorted.resize(most);
  return sorted;
}

/// "uniform, p = 0.31 over 2 x 18 tests, 200 simulations (3 without ranks)"
std::string verdict(const Calibration& calibration) {
  const double p = calibration.adjusted_p();
  std::string text = std::isnan(p)           ? std::string("too few ranks to test")
                     : p < calibration_level ? "NOT uniform, p = " + p_text(p)
                                             : "uniform, p = " + p_text(p);
  if (!std::isnan(p))
    text += " adjusted for 2 x " + std::to_string(calibration.variables.size()) + " tests";
  text += "; " + std::to_string(calibration.simulations) + " simulations, " +
          std::to_string(calibration.draws) + " draws each";
  if (calibration.without > 0)
    text += ", " + std::to_string(calibration.without) + " cells without ranks";
  return text;
}

std::string histogram_svg(const Uniformity& test) {
  const double width = 320, height = 110, bottom = 100;
  double total = 0, highest = 0;
  for (const Index count : test.histogram) {
    total += double(count);
    highest = std::max(highest, double(count));
  }
  const double bins = double(test.histogram.size()), expected = total / bins;
  const double scale = (bottom - 5) / std::max(highest, 1.5 * expected);
  // Two standard deviations of a bin's count.
  const double spread = 2 * std::sqrt(expected * (1 - 1 / bins));
  char text[256];
  std::snprintf(text, sizeof text, "<svg viewBox=\"0 0 %g %g\" role=\"img\">\n", width, height);
  std::string out = text;
  for (std::size_t b = 0; b < test.histogram.size(); ++b) {
    const double bar = scale * double(test.histogram[b]);
    std::snprintf(text, sizeof text,
                  "<rect class=\"c0\" fill-opacity=\"0.5\" x=\"%.1f\" y=\"%.1f\" "
                  "width=\"%.1f\" height=\"%.1f\"><title>%ld</title></rect>\n",
                  width * double(b) / bins + 1, bottom - bar, width / bins - 2, bar,
                  long(test.histogram[b]));
    out += text;
  }
  for (const double level : {expected - spread, expected, expected + spread}) {
    const double y = bottom - scale * std::max(level, 0.0);
    std::snprintf(text, sizeof text,
                  "<line class=\"grid\" x1=\"0\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>\n", width, y,
                  y);
    out += text;
  }
  return out + "</svg>";
}

}  // namespace

double Calibration::adjusted_p() const {
  double smallest = std::numeric_limits<double>::quiet_NaN();
  for (const RankedVariable& variable : variables)
    smallest = std::fmin(smallest, smaller_p(variable.test));
  return std::isnan(smallest) ? smallest : std::min(1.0, smallest * 2 * double(variables.size()));
}

std::vector<Calibration> calibrations(const std::vector<ResultFolder>& folders) {
  std::vector<Calibration> all;
  for (const ResultFolder& folder : folders) {
    std::map<std::pair<std::string, std::string>, std::vector<const CellSummary*>> cells;
    for (const CellSummary& cell : folder.cells)
      if (calibration_draws(cell) > 0) cells[{cell.model, cell.method}].push_back(&cell);
    if (cells.empty()) continue;
    for (const std::string& model : folder.models)
      for (const std::string& method : folder.methods)
        if (const auto found = cells.find({model, method}); found != cells.end())
          all.push_back(calibration_of(folder, found->second));
  }
  return all;
}

std::string calibration_text(const std::vector<Calibration>& all) {
  if (all.empty()) return "";
  std::string out =
      "\nSimulation-based calibration: are the ranks of the true parameters among a method's draws "
      "uniform?\n";
  std::string model;
  for (const Calibration& calibration : all) {
    const std::string place =
        calibration.model +
        (all.front().folder == all.back().folder ? "" : ", " + calibration.folder);
    if (place != model) out += "\nmodel: " + place + "\n";
    model = place;
    out += "  " + calibration.method + ": " + verdict(calibration) + "\n";
    for (const RankedVariable* variable : by_p(calibration, most_in_text))
      out += "    " + sparkline(variable->test.histogram) + "  " + variable->name +
             ": chi-square p = " + p_text(variable->test.chi_square_p) +
             ", ECDF p = " + p_text(variable->test.ecdf_p) + "\n";
    if (calibration.variables.size() > most_in_text)
      out += "    ... and " + std::to_string(calibration.variables.size() - most_in_text) +
             " that are more uniform\n";
  }
  return out;
}

std::string calibration_html(const std::vector<Calibration>& all, const std::string& model) {
  std::string out;
  for (const Calibration& calibration : all) {
    if (calibration.model != model) continue;
    out += "<h3>Calibration of " + html_escaped(calibration.method) + "</h3>\n<p>" +
           html_escaped(verdict(calibration)) + "</p>\n<div class=\"plots small\">\n";
    for (const RankedVariable* variable : by_p(calibration, most_drawn))
      out += "<figure><figcaption>" + html_escaped(variable->name) +
             ": p = " + p_text(variable->test.chi_square_p) + " (chi-square), " +
             p_text(variable->test.ecdf_p) + " (ECDF)</figcaption>" +
             histogram_svg(variable->test) + "</figure>\n";
    out += "</div>\n";
  }
  if (out.empty()) return out;
  return out +
         "<p class=\"soft\">Histograms of the ranks of the true parameters among the method's "
         "draws; "
         "the lines are what is expected and two standard deviations around it. The least uniform "
         "parameters come first.</p>\n";
}

}  // namespace elbow
