#pragma once

#include <string>
#include <vector>

namespace elbow {

/// One line of a plot. Points that are not finite, or not positive on a logarithmic axis, are left
/// out of the line.
struct PlotLine {
  std::string label;   ///< shown when the pointer rests on the line
  std::size_t colour;  ///< any number; lines of one number look the same
  std::vector<double> x, y;
  std::vector<double> error;  ///< standard errors of y, drawn as bars; empty for none
};

struct PlotAxis {
  std::string label;
  bool logarithmic = false;
};

/// A drawing in SVG, 640 x 340 units, to stand inside HTML; colours are the classes c0 ... c7 and
/// the class `axis` of the page's style sheet. The y axis shows where the lines end: beginnings far
/// below are cut off.
/// @return empty when no line has two points
std::string line_plot(const PlotAxis& x, const PlotAxis& y, const std::vector<PlotLine>& lines);

/// One mean with its standard deviation.
struct PlotInterval {
  std::size_t colour;
  std::string label;
  double mean, sd;
};

/// Intervals mean +- sd below each other on one axis, a dot at each mean. What is not finite is
/// written in words.
std::string interval_plot(const std::vector<PlotInterval>& intervals);

/// Text for HTML and SVG: markup characters escaped, control characters and invalid UTF-8 replaced.
std::string html_escaped(const std::string& text);

/// How many colours there are before they repeat.
inline constexpr std::size_t plot_colours = 8;

}  // namespace elbow
